import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What happens to the next COMMIT that passes: it arrives and its answer is lost; or it never arrives, and the server
 * hears of the lost client at once, or only when `letGo` is called.
 */
export type Fault = 'answer lost' | 'commit lost' | 'commit lost, server unaware';

export interface Proxy {
  readonly url: string;
  /** Armed for the next COMMIT. */
  fault: Fault | undefined;
  /** From now on nothing that the server says gets through. */
  mute(): void;
  letGo(): void;
}

/** A network between the program and the server, that loses what it is told to lose. */
export async function proxyTo(serverUrl: string): Promise<Proxy> {
  const target = new URL(serverUrl);
  const kept: Socket[] = [];
  const open = new Set<Socket>();
  let muted = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {}).on('close', () => open.delete(socket));
    }
    let deaf = false;
    client.on('data', (data) => {
      const fault = data.includes('COMMIT\0') ? proxy.fault : undefined;
      if (fault === undefined) return void upstream.write(data);
      proxy.fault = undefined;
      deaf = true;
      if (fault === 'answer lost') {
        upstream.write(data);
        upstream.once('data', () => client.destroy());
        return;
      }
      if (fault === 'commit lost') upstream.destroy();
      else kept.push(upstream);
      client.destroy();
    });
    upstream.on('data', (data) => {
      if (!deaf && !muted) client.write(data);
    });
    client.on('close', () => {
      if (!kept.includes(upstream)) upstream.destroy();
    });
    upstream.on('close', () => client.destroy());
  });
  const proxy: Proxy = {
    url: await urlVia(server, target),
    fault: undefined,
    mute: () => {
      muted = true;
    },
    letGo: () => {
      for (const socket of kept) socket.destroy();
    },
  };
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return proxy;
}

async function urlVia(server: Server, target: URL): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return url.href;
}

/** A server that takes connections and never says a word. */
export async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return await urlVia(server, new URL('postgres://postgres@127.0.0.1/jobs'));
}

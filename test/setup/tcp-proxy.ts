import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that a test can cut. */
export interface TcpProxy {
  readonly port: number;
  /** Cuts every connection; new ones are taken. */
  cut(): void;
  /** The next request still arrives, and its answer does not: the connection is cut instead. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let losing = false;
  const server = createServer((client) => {
    const backend = connect(port, '127.0.0.1');
    for (const socket of [client, backend]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        backend.destroy();
      });
    }
    client.pipe(backend);
    backend.on('data', (data) => {
      if (losing) {
        losing = false;
        client.destroy();
      } else client.write(data);
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    loseNextAnswer() {
      losing = true;
    },
    async close() {
      cut();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** fauxqs in a process of its own, on loopback. Each POST answers with the endpoint of a new, empty one. Ends with its stdin. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildApp } from 'fauxqs';

const region = 'eu-test-1';
const apps = new Map<string, { close(): Promise<unknown> }>();

const control = createServer((request, response) => {
  const answer = async (): Promise<string> => {
    if (request.method === 'DELETE') {
      await apps.get(request.url?.slice(1) ?? '')?.close();
      apps.delete(request.url?.slice(1) ?? '');
      return '';
    }
    const app = buildApp({ logger: false, host: 'localhost', defaultRegion: region });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    apps.set(String(port), app);
    return String(port);
  };
  answer().then(
    (text) => response.end(text),
    (error: Error) => response.writeHead(500).end(error.message),
  );
});
control.listen(0, '127.0.0.1', () => console.log((control.address() as AddressInfo).port));
process.stdin.resume().on('end', () => process.exit());

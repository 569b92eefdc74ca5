/** The process of `jobctl demo up` that plays Amazon SQS. Argument: the demo's folder. */
import type { AddressInfo } from 'node:net';
import { buildApp } from 'fauxqs';
import { tellReady } from '../demo-process.ts';
import { REGION } from './server.ts';

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit());

const app = buildApp({ logger: false, host: 'localhost', defaultRegion: REGION });
await app.listen({ port: 0, host: '127.0.0.1' });
await tellReady(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);

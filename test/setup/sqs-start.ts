import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One process for the whole run; `endpoint` makes an SQS for each that asks. */
export async function startTestSqs(): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const program = fileURLToPath(new URL('./sqs-server-main.ts', import.meta.url));
  const server = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const lines = createInterface({ input: server.stdout });
  const [port] = (await Promise.race([
    once(lines, 'line'),
    exited.then(([code]) => Promise.reject(new Error(`The SQS of the tests ended with ${code}.`))),
  ])) as [string];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      server.stdin.end();
      await exited;
    },
  };
}

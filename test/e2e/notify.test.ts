import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { homeForTest } from './jobctl.ts';

const config = (webhook: string): string => `version: 1
notify: { webhook: "${webhook}", on: [end] }
contexts:
  shop: { url: "memory:jobs.ndjson" }
`;

it('tells the webhook of the configuration, and ends without waiting for its connection', async () => {
  const texts: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    texts.push((JSON.parse(body) as { text: string }).text);
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const home = await homeForTest();
  await home.file('jobs.ndjson', '{"queue":"email","id":"1","type":"email.send","state":"dead"}\n');
  await home.file('jobctl.yaml', config('${HOOK}'));
  const ended = await home.run(['replay', 'email', '--yes'], { env: { HOOK: `http://127.0.0.1:${port}/T0` } });
  expect(ended.code, ended.stderr).toBe(0);
  expect(texts).toEqual([expect.stringMatching(/^jobctl replay email in shop: finished, 1 done\nrun \S+ by /)]);
});

it('takes no address that stands in the file', async () => {
  const home = await homeForTest();
  await home.file('jobctl.yaml', config('https://hooks.slack.com/services/T0/B0/abc'));
  const { code, stdout, stderr } = await home.run(['config', 'check']);
  expect(code).toBe(2);
  expect(stdout).toMatch(
    /jobctl\.yaml:2:\d+: notify\.webhook must be an environment variable such as \$\{SLACK_WEBHOOK\}/,
  );
  expect(`${stdout}${stderr}`).not.toContain('B0');
});

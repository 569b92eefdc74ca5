import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { actOn } from '../../src/cli/act.ts';
import { announced } from '../../src/cli/notify.ts';
import { switchQueues } from '../../src/cli/switch-queues.ts';
import type { NotifyEntry } from '../../src/config/load.ts';
import type { Report } from '../../src/domain/plan.ts';
import { aroundApply } from '../operations/faulty.ts';
import { openStage, portsOf, type Stage } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

type Answer = (response: ServerResponse, nth: number) => unknown;
const fine: Answer = (response) => response.end('ok');

/** A webhook on this machine, with what it was told. */
async function hook(answer: Answer = fine): Promise<{ url: string; texts: string[]; close(): Promise<unknown> }> {
  const texts: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    expect([request.method, request.headers['content-type']]).toEqual(['POST', 'application/json']);
    const message = JSON.parse(body) as { text: string };
    expect(Object.keys(message)).toEqual(['text']);
    texts.push(message.text);
    answer(response, texts.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(async () => void (await close()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/T0/secret-path`, texts, close };
}

/** A stage with three dead jobs, whose runs are told to the webhook. */
async function scene(url: string | undefined, on?: NotifyEntry['on'], timeoutMs = 5000) {
  const stage = await openStage();
  stage.seed(3, { payload: '{"card":"4111"}', error: { message: 'no such card 4111' } });
  const said: string[] = [];
  const told = (ports = portsOfStage(stage)) =>
    announced(
      ports,
      { notify: { webhook: '${HOOK}', ...(on === undefined ? {} : { on }) } },
      { env: url === undefined ? {} : { HOOK: url }, say: (text) => said.push(text), timeoutMs },
    );
  const ports = told();
  const session = () => sessionOf(stage, { name: 'prod <1>' });
  const replay = (reason?: string, most?: number): Promise<Report> =>
    actOn(
      session(),
      ports,
      { ...pace, max: most },
      {
        verb: 'replay',
        selection: { queues: ['email'], states: ['dead'] },
        action: { verb: 'replay', keepAttempts: false },
        reason,
      },
    );
  return { stage, said, ports, session, replay };
}

const portsOfStage = (stage: Stage) =>
  portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );

it('tells of the start and of the end of a run: who, what, where, how many, and no payload', async () => {
  const { url, texts } = await hook();
  const { replay, said } = await scene(url);
  const { run } = await replay('ticket 4711, password=hunter2');
  const by = expect.stringMatching(/ by \S+@\S+/);
  expect(texts).toEqual([by, by]);
  expect(texts[0]).toMatch(`jobctl replay email in prod &lt;1&gt;: started, 3 jobs\nrun ${run} by `);
  expect(texts[1]).toMatch(`jobctl replay email in prod &lt;1&gt;: finished, 3 done\nrun ${run} by `);
  expect(texts[0]).toContain('\nreason: ticket 4711, password=***');
  expect(texts.join()).not.toMatch(/4111|hunter2/);
  expect(said).toEqual([]);
});

it('tells of a pause and of its end, each in one message', async () => {
  const { url, texts } = await hook();
  const { session, ports } = await scene(url);
  const order = { queues: ['email'], timeout: '15s' };
  await switchQueues(session(), ports, pace, { ...order, verb: 'pause', to: 'paused', for: '30m' });
  await switchQueues(session(), ports, pace, { ...order, verb: 'resume', to: 'running' });
  expect(texts.map((text) => text.split('\n')[0])).toEqual([
    expect.stringMatching(/^jobctl pause email in prod &lt;1&gt;: paused, until 2\S+Z$/),
    'jobctl resume email in prod &lt;1&gt;: resumed',
  ]);
});

it('tells of a run that failed, without the words of the backend', async () => {
  const { url, texts } = await hook();
  const { stage, replay } = await scene(url, ['failure']);
  stage.adapter = aroundApply(stage.adapter, () => async () => {
    throw new Error('duplicate key (card)=(4111)');
  });
  const report = await replay();
  expect(report.complete).toBe(false);
  expect(texts).toEqual([
    expect.stringMatching(/^jobctl replay email in prod &lt;1&gt;: NOT finished, 0 done, 3 unknown\n/),
  ]);
  expect(texts[0]).not.toContain('4111');
});

it('tells only what was asked for, nothing of a dry run, and nothing of what a run does on the side', async () => {
  const { url, texts } = await hook();
  const { replay, session, ports } = await scene(url, ['end']);
  await actOn(
    session(),
    ports,
    { ...pace, dryRun: true },
    {
      verb: 'replay',
      selection: { queues: ['email'], states: ['dead'] },
      action: { verb: 'replay', keepAttempts: false },
    },
  );
  expect(texts).toEqual([]);
  const quiet = { ...ports, show: { plan: () => {}, progress: () => {}, settled: () => {} } };
  await actOn(session(), quiet, pace, {
    verb: 'replay',
    selection: { queues: ['email'], states: ['dead'], ids: ['email-1'] },
    action: { verb: 'replay', keepAttempts: false },
  });
  expect(texts).toEqual([]);
  await replay();
  expect(texts).toEqual([expect.stringContaining('finished')]);
});

it('tries once more when the webhook is out of order, and not when it says no', async () => {
  const flaky = await hook((response, nth) => response.writeHead(nth === 1 ? 503 : 200).end());
  const first = await scene(flaky.url, ['end']);
  await first.replay();
  expect([flaky.texts.length, first.said]).toEqual([2, []]);

  const gone = await hook((response) => response.writeHead(404).end());
  const second = await scene(gone.url, ['end']);
  expect((await second.replay()).complete).toBe(true);
  expect(gone.texts).toHaveLength(1);
  expect(second.said).toEqual(['Not told to ${HOOK}: it answered 404. The run is not affected.']);
});

it('a dead webhook fails no run, delays it by its two tries at most, and is told of once', async () => {
  const silent = await hook(() => {});
  const waits = await scene(silent.url, undefined, 100);
  expect((await waits.replay()).complete).toBe(true);
  expect(waits.said).toEqual(['Not told to ${HOOK}: no answer within 0.1 s. The run is not affected.']);
  // the start was tried twice; its failure was still being waited for when the run ended
  expect(silent.texts).toHaveLength(2);

  const closed = await hook();
  await closed.close();
  const refused = await scene(closed.url);
  expect((await refused.replay()).complete).toBe(true);
  expect(refused.said).toEqual(['Not told to ${HOOK}: it cannot be reached (ECONNREFUSED). The run is not affected.']);

  const unset = await scene(undefined);
  expect((await unset.replay()).complete).toBe(true);
  expect(unset.said).toEqual(['Not told to ${HOOK}: the variable is not set. The run is not affected.']);
});

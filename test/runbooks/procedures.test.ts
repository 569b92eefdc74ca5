import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expectFits, steady } from '../e2e/answer.ts';
import { type Ended, endOf, type Home, makeHome, until } from '../e2e/jobctl.ts';
import { WarmProgram } from '../e2e/warm.ts';
import { missingLines, readRunbook, wordsOf } from './runbook.ts';
import { type Payload, type Shop, shops } from './shops.ts';

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** What the worker has done, by its own account. */
interface Scene {
  readonly home: Home;
  readonly shop: Shop;
  /** The payloads that it has seen, failed ones too. */
  readonly ran: Payload[];
  /** Of the workers, for the end. */
  readonly stops: (() => Promise<unknown>)[];
}

interface Procedure {
  /** The world before the first command. The workers of `email` are there already. */
  prepare(scene: Scene): Promise<unknown>;
  /** What must be so after a command. */
  readonly checks: Readonly<Record<string, (scene: Scene, ended: Ended) => unknown>>;
}

const canary = (template: string): string =>
  `jobctl replay email --where 'payload.template == "${template}"' --canary 1 --canary-wait 30s --yes`;

const procedures: Readonly<Record<string, Procedure>> = {
  'maintenance-window': {
    async prepare({ shop, ran }) {
      await shop.add('email', { to: 'first@example.org' });
      await until('the first job', () => ran.length === 1);
    },
    checks: {
      // what is added while the window is open waits, and runs once it is closed
      'jobctl stats email': ({ ran }) => expect(ran).toHaveLength(1),
      'jobctl drain email --evacuate --confirm email': async (scene) =>
        expect(await scene.shop.waiting('email')).toBe(0),
      'jobctl restore RUN --as-was --yes': async (scene) => expect(await scene.shop.waiting('email')).toBe(1),
      'jobctl drain email --within 2m': ({ ran }) =>
        expect(ran.map(({ to }) => to)).toEqual(['first@example.org', 'ada@example.org']),
      'sh window.sh false': async ({ home, shop, ran }) => {
        // the workers are back, whatever became of the work
        expect(await readFile(join(home.folder, 'replicas'), 'utf8')).toBe('3\n');
        const before = ran.length;
        await shop.add('email', { to: 'last@example.org' });
        await until('the next job', () => ran.length > before);
      },
    },
  },
  'post-deploy-smoke': {
    async prepare({ shop, ran, stops }) {
      await shop.add('email', { to: 'first@example.org' });
      await until('the first job', () => ran.length === 1);
      await shop.add('export', { to: 'nobody takes it' });
      await shop.add('report', { fails: 'no template' });
      stops.push(
        await shop.serve('report', async () => {
          throw new Error('the template is missing');
        }),
      );
    },
    checks: {
      'jobctl smoke email --yes --json --junit smoke.xml': async ({ home }, ended) => {
        expect(JSON.parse(ended.stdout)).toMatchObject({ ok: true, cleanedUp: true });
        expect(await readFile(join(home.folder, 'smoke.xml'), 'utf8')).toContain('tests="3" failures="0"');
      },
      // the payload of the configuration, with its mark
      'jobctl smoke email --yes': ({ ran, shop }, { stdout }) => {
        expect(ran.at(-1)).toMatchObject({ to: 'smoke@example.org', note: expect.stringMatching(/^smoke-\w+$/) });
        if (shop.receives) expect(stdout).toMatch(/^ {2}seen by +the reply queue smoke-replies$/m);
      },
      // its own job is gone; that of the application is not touched
      'jobctl smoke export --within 1s --yes': async (scene) => expect(await scene.shop.waiting('export')).toBe(1),
    },
  },
  'careful-replay': {
    async prepare({ shop, ran }) {
      for (let n = 0; n < 6; n += 1)
        await shop.add('email', { to: `user${n}@example.org`, template: 'invoice', once: '502 Bad Gateway' });
      for (let n = 0; n < 3; n += 1)
        await shop.add('email', { to: `full${n}@example.org`, template: 'newsletter', always: 'mailbox is full' });
      await until('the outage', () => ran.length === 9);
    },
    checks: {
      [canary('newsletter')]: ({ ran }) => expect(ran).toHaveLength(10),
      'jobctl drain email --within 2m': ({ ran }) => {
        // each invoice a second time, and no newsletter but the canary
        expect(ran.slice(9).filter(({ template }) => template === 'newsletter')).toHaveLength(1);
        expect(new Set(ran.slice(9).map(({ to }) => to)).size).toBe(7);
        expect(ran).toHaveLength(16);
      },
      // what was taken back in time has not run
      'jobctl resume email --yes': async (scene) => {
        expect(await scene.shop.waiting('email')).toBe(0);
        expect(scene.ran).toHaveLength(21);
      },
    },
  },
};

describe.each(Object.entries(procedures))('docs/runbooks/%s.md', (page, procedure) => {
  const runbook = readRunbook(readFileSync(new URL(`../../docs/runbooks/${page}.md`, import.meta.url), 'utf8'));
  const steps = runbook.sections.flatMap((section) => section.steps);

  it('has each command that is checked here', () =>
    expect(steps.map(({ command }) => command)).toEqual(expect.arrayContaining(Object.keys(procedure.checks))));

  it('names only its own commands where Amazon SQS has others', () =>
    expect(steps.map(({ command }) => command)).toEqual(expect.arrayContaining(runbook.mapping.map(({ old }) => old))));

  it.each(Object.entries(shops))(
    'on %s',
    async (_, open) => {
      const shop = await open();
      const home = await makeHome();
      const ran: Payload[] = [];
      const warm = new WarmProgram();
      const stops = [await deploy(home, shop, ran)];
      try {
        for (const [name, text] of Object.entries(runbook.files))
          await home.file(name, name === 'jobctl.yaml' ? fitted(text, shop) : text);
        const scene = { home, shop, ran, stops };
        await procedure.prepare(scene);
        const env = { ...shop.env, JOBS_URL: shop.url, NODE_OPTIONS: `--import=${shorter(shop)}` };
        let run = '';
        for (const { command, exit, shown } of steps) {
          // where looking is receiving, the page may name other commands for one
          const typed = (shop.receives && runbook.mapping.find(({ old }) => old === command)?.commands) || [command];
          for (const [index, one] of typed.entries()) {
            const ended = await play(home, warm, one.replaceAll('RUN', run), env);
            const isLast = index === typed.length - 1;
            const printed = asShown(`${ended.stderr}${ended.stdout}`, shop);
            expect(ended.code, `${one}\n${printed}`).toBe(isLast ? exit : 0);
            if (!one.includes('--json')) expectFits(ended.stdout);
            run = /^ {2}run +(\S+)/m.exec(ended.stdout)?.[1] ?? run;
            if (!isLast) continue;
            expect(missingLines(shown, printed, steady), `${one}\n${printed}`).toEqual([]);
            await procedure.checks[command]?.(scene, ended);
          }
        }
      } finally {
        warm.stop();
        await Promise.all(stops.map((stop) => stop()));
        await shop.drop();
        await home.remove();
      }
    },
    90_000,
  );
});

/** By whom it was done differs here from the page; that counts are estimates, the page says in words. */
const asShown = (printed: string, { receives }: Shop): string =>
  (receives ? printed.replace(/~(?=\d)/g, '') : printed).replaceAll(` by ${userInfo().username} `, ' by ada ');

/** The configuration of the page, with what this backend needs and without what it does not. */
const fitted = (text: string, { context = '', pauses }: Shop): string =>
  (pauses ? text.replace(/ {4}queues:\n {6}email:\n {8}pause:\n( {10}.*\n)+/, '') : text).replace(
    '    url: ${JOBS_URL}',
    (url) => `${url}${context}`,
  );

/** The workers of `email` as a deployment, scaled by the `kubectl` that stands in the home of the test. */
async function deploy(home: Home, shop: Shop, ran: Payload[]): Promise<() => Promise<void>> {
  await mkdir(join(home.folder, 'bin'));
  await script(home, 'jobctl', `exec '${process.execPath}' '${program}' "$@"`);
  await script(
    home,
    'kubectl',
    `[ "$1 $2" = 'get deployment/email' ] && exec cat replicas
     [ "$1 $2" = 'scale deployment/email' ] || exit 64
     echo "\${3#--replicas=}" >replicas
     until cmp -s replicas seen; do sleep 0.02; done`,
  );
  const failed = new Set<unknown>();
  const work = async (payload: Payload): Promise<void> => {
    ran.push(payload);
    const isFirst = !failed.has(payload['to']);
    if (payload['always'] !== undefined || (payload['once'] !== undefined && isFirst)) {
      failed.add(payload['to']);
      throw new Error(String(payload['always'] ?? payload['once']));
    }
  };
  await home.file('replicas', '3\n');
  await home.file('seen', '3\n');
  let stopWorker: (() => Promise<unknown>) | undefined = await shop.serve('email', work);
  const stopping: Promise<unknown>[] = [];
  let ended = false;
  const controller = (async () => {
    while (!ended) {
      const wanted = await readFile(join(home.folder, 'replicas'), 'utf8');
      if (wanted.trim() === '0' && stopWorker !== undefined) {
        stopping.push(stopWorker());
        stopWorker = undefined;
      } else if (wanted.trim() === '3') stopWorker ??= await shop.serve('email', work);
      await writeFile(join(home.folder, 'seen'), wanted);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    ended = true;
    await controller;
    await Promise.all([...stopping, stopWorker?.()]);
  };
}

async function script(home: Home, name: string, text: string): Promise<void> {
  await chmod(await home.file(join('bin', name), `#!/bin/sh\n${text}\n`), 0o755);
}

/** Loaded before the program: of its long waits only a part is slept. An empty SQS is believed after a minute, so there the clock goes on. */
const shorter = ({ receives }: Shop): string =>
  new URL(`./shorter-waits.mjs?part=${receives ? '40&ahead' : '10'}`, import.meta.url).href;

/** A plain command by the program that is loaded already; what needs a shell gets one, and a process for each command in it. */
function play(home: Home, warm: WarmProgram, command: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const path = `${join(home.folder, 'bin')}:${home.env['PATH']}`;
  const all = { ...home.env, ...env, PATH: path };
  const [first, ...args] = wordsOf(command);
  if (first !== 'jobctl' || command.includes('||')) return shell(home, command, all);
  return warm.run({ program, args, folder: home.folder, env: all });
}

const shell = (home: Home, command: string, env: Readonly<Record<string, string>>): Promise<Ended> =>
  endOf(
    spawn('/bin/sh', ['-c', command], {
      cwd: home.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    }),
  );

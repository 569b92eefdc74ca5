import { glob, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { placed, writes } from '../../src/cli/placed.ts';
import { adviceOf, isSentence } from '../../src/domain/advice.ts';
import { shellWord } from '../../src/safety/shell-word.ts';

const next = ['jobctl resume email', 'jobctl undo RUN   # takes it back', 'jobctl context list', 'Mend the file.'];

it.each([
  [['pause', 'email', '-c', 'prod'], '-c prod'],
  [['pause', '-cprod', 'email'], '-c prod'],
  [['pause', '--context=prod', 'email'], '-c prod'],
  [['pause', 'email', '-c', "a$'b$&"], "-c 'a$'\\''b$&'"],
  [['pause', 'email', '-c', 'prod', '--config=../ops/jobctl.yaml'], '-c prod --config ../ops/jobctl.yaml'],
  [
    ['pause', 'email', '--url', 'sqs://eu-west-1', '--profile', 'ops', '--endpoint-url', 'http://127.0.0.1:4566'],
    '--url sqs://eu-west-1 --profile ops --endpoint-url http://127.0.0.1:4566',
  ],
  [['pause', 'email', '--url', 'postgres://app:${PW}@db/jobs'], "--url 'postgres://app:${PW}@db/jobs'"],
])('commands that follow %j are told the same place', (argv, place) => {
  expect(placed(next, argv)).toEqual([
    `jobctl resume email ${place}`,
    `jobctl undo RUN ${place}   # takes it back`,
    'jobctl context list',
    'Mend the file.',
  ]);
});

it('nothing is added where none was told, or where the step names one itself', () => {
  expect(placed(next, ['pause', 'email'])).toEqual(next);
  expect(placed(next, ['enqueue', 'email', '--', '-c', 'prod'])).toEqual(next);
  expect(placed(['jobctl stats -c other'], ['pause', '-c', 'prod'])).toEqual(['jobctl stats -c other']);
});

it('a # in quotes is no comment: the place does not go into the quotes', () => {
  const step = "jobctl dlq list --error 'it'\\''s # 5'   # lists them";
  expect(placed([step], ['replay', '-c', 'prod'])).toEqual([
    "jobctl dlq list --error 'it'\\''s # 5' -c prod   # lists them",
  ]);
});

it('what is kept on this machine is looked for where the configuration keeps it', () => {
  const steps = ['jobctl backup show RUN', 'jobctl run show RUN   # more of it', 'jobctl apply p.json'];
  expect(placed(steps, ['backup', 'list', '--url', 'memory:', '--config', 'ops.yaml'])).toEqual([
    'jobctl backup show RUN --config ops.yaml',
    'jobctl run show RUN --config ops.yaml   # more of it',
    'jobctl apply p.json --config ops.yaml',
  ]);
  expect(placed(steps, ['backup', 'list', '--url', 'memory:'])).toEqual(steps);
});

it('a sentence about a command is no command: nothing is added to it', () => {
  const steps = ['jobctl undo says the same of each job.', "jobctl replay 'email.'", 'jobctl purge email   # of all'];
  expect(placed(steps, ['replay', '-c', 'prod'])).toEqual([
    'jobctl undo says the same of each job.',
    "jobctl replay 'email.' -c prod",
    'jobctl purge email -c prod   # of all',
  ]);
  expect(shellWord('email.')).toBe("'email.'");
});

it('what a program advises is a command where it begins like one', async () => {
  const words = '(?:jobctl)(?: [a-z]+)+ [^\'"`$]*';
  const literals = new RegExp(`(['"\`])(${words})\\1`, 'g');
  const prose: string[] = [];
  for await (const file of glob('src/**/*.{ts,tsx}'))
    for (const [, , text = ''] of (await readFile(file, 'utf8')).matchAll(literals)) {
      const { command } = adviceOf(text);
      if (isSentence(text) || /[,;.:]( |$)/.test(command)) prose.push(`${file}: ${text}`);
    }
  expect(prose).toEqual([]);
});

it('a write that was to go on in spite of newer tables: so is every write that follows', () => {
  const steps = ['jobctl undo RUN   # takes it back', 'jobctl run show RUN', 'jobctl stats', 'jobctl run resume RUN'];
  expect(placed(steps, ['replay', 'email', '--yes', '--newer-schema', '-c', 'prod'])).toEqual([
    'jobctl undo RUN -c prod --newer-schema   # takes it back',
    'jobctl run show RUN',
    'jobctl stats -c prod',
    'jobctl run resume RUN -c prod --newer-schema',
  ]);
  expect(placed(['jobctl undo RUN'], ['enqueue', '--', '--newer-schema'])).toEqual(['jobctl undo RUN']);
});

it('it is added to exactly the commands that take it', async () => {
  const commands: Record<string, { flags: object }> = JSON.parse(await readFile('test/golden/commands.json', 'utf8'));
  const taking = Object.keys(commands).filter((name) => '--newer-schema' in (commands[name]?.flags ?? {}));
  expect(Object.keys(commands).filter((name) => writes.test(`jobctl ${name}`))).toEqual(taking);
});

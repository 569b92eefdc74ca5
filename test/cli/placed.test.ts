import { expect, it } from 'vitest';
import { placed } from '../../src/cli/placed.ts';

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

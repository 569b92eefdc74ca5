import {
  backupHolds,
  type GroupsAnswer,
  groupsAgree,
  type RunAnswer,
  resultTells,
  runTells,
  type VerifyAnswer,
} from './answers.ts';
import { deadOf, onlyChanged, same, undone } from './checks.ts';
import { type Row, type Rows, select } from './rows.ts';
import { look, replayOf, runIn, type Step, stats } from './step.ts';

const QUEUE = 'email';
const MENDED = 'email.send_welcome';

const inHand = (rows: Rows): string[] =>
  select(rows, (row) => row.queue === QUEUE && row.status === 'doing').map(({ id }) => id);

const groups = look({
  title: 'What do the dead mails have in common? Two causes; one of them is mended.',
  words: () => ['dlq', 'groups', QUEUE],
  check: ({ answer, after }) => groupsAgree(answer as GroupsAnswer, after, QUEUE),
  proves: 'every dead job of the queue is in one of the groups',
});

const rehearsal = look({
  title: 'The mail provider is back. What would a replay of the welcome mails do?',
  words: () => ['replay', QUEUE, '--type', MENDED, '--dry-run'],
  check: ({ answer, after }) => {
    const { free, twins } = deadOf(after, MENDED);
    return same('jobs matched', free.length + twins.length, (answer as { matched?: number }).matched);
  },
  proves: 'the plan counts every dead job of that type, and changed nothing',
});

const replay: Step = {
  title: 'Do it. Each job is saved first; one is left out: its mail is queued again.',
  words: () => ['replay', QUEUE, '--type', MENDED, '--yes'],
  reads: false,
  exit: 3,
  check: ({ ended, before, after, memory }) => {
    const { free, twins } = deadOf(before, MENDED);
    memory.replay = { run: runIn(ended), before, moved: free, twins };
    return [
      ...same('jobs to leave out as duplicates', 1, twins.length),
      ...onlyChanged(before, after, free, () => ({ status: 'todo', attempts: 0 })),
      ...resultTells(ended.stdout, free.length, twins.length),
    ];
  },
  proves: 'that type waits again, but the duplicate; no other job was touched',
};

const verification = look({
  title: 'Is what was saved sound? Every checksum is read again.',
  words: (memory) => ['backup', 'verify', replayOf(memory).run],
  check: ({ answer, memory: { replay: run } }) =>
    backupHolds(answer as VerifyAnswer, (run?.moved.length ?? 0) + (run?.twins.length ?? 0)),
  proves: 'the backup is sound and holds every job of the plan',
});

const account = look({
  title: 'What exactly has that run done? For the ticket, and for a colleague.',
  words: (memory) => ['run', 'show', replayOf(memory).run],
  check: ({ answer, memory }) => {
    const { moved, twins } = replayOf(memory);
    return runTells(answer as RunAnswer, 'replay', moved.length, twins);
  },
  proves: 'the account is what the table says has happened',
});

const reset: Step = {
  title: 'Workers that are gone left mails in hand, half-done. Give them back.',
  words: () => ['reset', QUEUE, '--yes'],
  reads: false,
  exit: 0,
  check: ({ ended, before, after }) => {
    const held = inHand(before);
    return [
      ...onlyChanged(before, after, held, (was: Row) => ({ status: 'todo', attempts: was.attempts + 1 })),
      ...resultTells(ended.stdout, held.length, 0),
    ];
  },
  proves: 'exactly the jobs in hand of workers that are gone wait again',
};

const undo: Step = {
  title: 'Replayed too early? Take it back. What was reset stays as it is.',
  words: (memory) => ['undo', replayOf(memory).run, '--yes'],
  reads: false,
  exit: 0,
  check: ({ ended, before, after, memory }) => {
    const { before: beforeRun, moved } = replayOf(memory);
    return [...undone(beforeRun, before, after, moved), ...resultTells(ended.stdout, moved.length, 0)];
  },
  proves: 'each is as before the replay, in every column and every event',
};

export const steps: readonly Step[] = [
  stats('What is going on? Start with how many jobs are where.'),
  groups,
  rehearsal,
  replay,
  verification,
  stats('Has it helped? Fewer mails are dead, and more wait.'),
  account,
  reset,
  undo,
  stats('Where are we? As at the start, but no mail is stuck any more.', (rows) =>
    same('mails in the hands of a worker', [], inHand(rows)),
  ),
];

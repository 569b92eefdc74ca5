import { duration } from './age.ts';
import { blocks, facts, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';

export interface SmokeCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly note?: string | undefined;
}

/** What `smoke --json` prints below its schemaVersion. */
export interface SmokeView {
  readonly context: string;
  readonly backend: string;
  readonly queue: string;
  readonly type: string;
  readonly ok: boolean;
  readonly run?: string | undefined;
  readonly job?: string | undefined;
  readonly ended?: 'completed' | 'failed' | 'gone' | 'dead' | 'cancelled' | 'timeout' | 'stopped' | undefined;
  readonly seenBy?: string | undefined;
  /** In which its worker was asked to answer, and how many messages of others were met there. */
  readonly replyQueue?: string | undefined;
  readonly othersMet?: number | undefined;
  /** Of the line in its worker's log by which it was to be seen. */
  readonly logPattern?: string | undefined;
  readonly waitedSeconds?: number | undefined;
  readonly newlyDead?: number | undefined;
  readonly cleanedUp?: boolean | undefined;
  readonly checks: readonly SmokeCheck[];
}

/** Where the cause of a failure may stand. */
export const causeOf = (queue: string): string[] => [
  'jobctl worker list   # does anybody take from it?',
  `jobctl dlq groups ${queue}   # what dies there, and of what`,
];

export const smokeText = view(
  ({ next, ...smoke }: SmokeView & { readonly next: readonly string[] }, page: Page): string =>
    blocks(
      smoke.ok
        ? page.style.good(`${smoke.queue}: works, seen after ${duration(smoke.waitedSeconds ?? 0)}`)
        : page.style.bad(
            `${smoke.queue}: ${smoke.ended === 'stopped' ? 'stopped before its job had ended' : 'does NOT work as it should'}`,
          ),
      facts(
        [
          ...smoke.checks.map(({ name, ok, note }): [string, string] => [
            ok ? 'ok' : 'FAILED',
            note === undefined ? name : `${name}: ${note}`,
          ]),
          ['job', smoke.job === undefined ? undefined : `${smoke.job} of type ${smoke.type}`],
          ['seen by', smoke.seenBy],
          ['let go', metIn(smoke)],
          ['run', smoke.run],
        ],
        page,
      ),
      nextLines(next, page),
    ),
);

const metIn = ({ replyQueue, othersMet = 0 }: SmokeView): string | undefined =>
  othersMet === 0 ? undefined : `${othersMet} ${othersMet === 1 ? 'message' : 'messages'} of others in ${replyQueue}`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** What XML 1.0 cannot hold at all becomes a question mark. */
const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to keep out
  text.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '?');

/** For the test report of a CI: a suite, a case a check. */
export function smokeJunit({ context, queue, checks, seenBy, waitedSeconds = 0 }: SmokeView): string {
  const failures = checks.filter(({ ok }) => !ok).length;
  const suite = xml(`jobctl smoke ${queue} (${context})`);
  const counts = `tests="${checks.length}" failures="${failures}" errors="0" time="${waitedSeconds.toFixed(3)}"`;
  const cases = checks.map(({ name, ok, note }, index) => {
    const head = `    <testcase classname="${suite}" name="${xml(name)}" time="${index === 0 ? waitedSeconds.toFixed(3) : '0'}"`;
    return ok ? `${head}/>` : `${head}><failure message="${xml(note ?? name)}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${suite}" ${counts}>`,
    ...(seenBy === undefined ? [] : [`    <properties><property name="seen by" value="${xml(seenBy)}"/></properties>`]),
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** For the summary page of a GitHub workflow. */
export function smokeMarkdown({ context, queue, type, ok, job, checks, seenBy, waitedSeconds = 0 }: SmokeView): string {
  const cell = (text: string): string => text.replace(/[\r\n]+/g, ' ').replace(/[\\|`*_<>[\]]/g, (sign) => `\\${sign}`);
  return [
    `### ${ok ? '✅' : '❌'} jobctl smoke ${cell(queue)} (${cell(context)})`,
    '',
    `Job ${cell(job ?? 'none')} of type ${cell(type)}, followed for ${duration(waitedSeconds)}${seenBy === undefined ? '' : `; its end was seen by ${cell(seenBy)}`}.`,
    '',
    '| Check | | |',
    '|---|---|---|',
    ...checks.map(
      ({ name, ok: good, note = '' }) => `| ${cell(name)} | ${good ? 'ok' : '**failed**'} | ${cell(note)} |`,
    ),
    '',
    '',
  ].join('\n');
}

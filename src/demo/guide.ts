import { guestNamed } from './guests.ts';
import type { DemoStatus, GuestStatus } from './status.ts';

/** Emphasis, as the page of the command gives it. */
export interface Emphasis {
  strong(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** What happened, for someone who comes to it now. Nothing here is wider than 80 columns. */
const incident = `What happened, the newest first
  12 min ago  the worker crashed with jobs in hand; nobody takes them back
   2 h ago    webhooks pile up behind globex, whose host is gone: 78 are dead
   3 h ago    the provider of the welcome mails was down: 214 died; it is back
   5 h ago    a deploy brought the template receipt-v2: 121 receipts died of it,
              and it is not fixed`;

const tries = (program: string): readonly (readonly [command: string, why: string])[] => [
  [`${program} stats`, 'how many jobs are where'],
  [`${program} dlq groups email`, 'what the dead ones have in common'],
  [`${program} replay email --type email.send_welcome --dry-run`, 'the plan; with --yes, the deed'],
  [`${program} replay email --type email.send_receipt --limit 3 --yes`, 'the template is still bad: they die again'],
  [`${program} reset email --yes`, 'what the crashed worker held goes back in line'],
  [`${program} run list`, 'what was done; each run can be undone'],
];

export function upText(status: DemoStatus, program: string, { strong, dim }: Emphasis): string {
  const commands = tries(program).flatMap(([command, why]) => [dim(`  # ${why}`), `  ${command}`]);
  return [
    incident,
    '',
    strong('Look around'),
    `  export JOBCTL_URL=${status.url ?? ''}`,
    ...commands,
    ...status.guests.flatMap((guest) => ['', ...guestText(guest, program, { strong, dim })]),
    '',
    `Stop it and remove its data with: ${program} demo down`,
  ].join('\n');
}

function guestText(guest: GuestStatus, program: string, { strong, dim }: Pick<Emphasis, 'strong' | 'dim'>): string[] {
  const { title, queue } = guestNamed(guest.name);
  return [
    strong(`The same on ${title}`),
    ...exportsOf(guest),
    dim('  # how many jobs are where, and what the dead ones have in common'),
    `  ${program} stats`,
    `  ${program} dlq groups ${queue}`,
  ];
}

const exportsOf = ({ variables }: GuestStatus): string[] =>
  Object.entries(variables).map(([name, value]) => `  export ${name}=${value}`);

export function statusText(status: DemoStatus, program: string, { strong, dim, bad }: Emphasis): string {
  if (status.state === 'none') return `No demo is running. Start it with: ${program} demo up`;
  if (status.state === 'starting') return 'The demo is being started.';
  const part = (name: string, { running, pid, log }: DemoStatus['server']): string =>
    `  ${name}  ${running ? `runs as process ${pid}` : bad('does not run')}${log === undefined ? '' : dim(`\n            log: ${log}`)}`;
  const next =
    status.state === 'running' && status.worker.running ? [] : ['', `${program} demo up starts what is missing.`];
  return [
    strong(
      status.state === 'running'
        ? `The demo runs since ${status.startedAt}.`
        : 'The demo has ended without "demo down".',
    ),
    part('Postgres', status.server),
    part('worker  ', status.worker),
    ...(status.url === undefined ? [] : [`  export JOBCTL_URL=${status.url}`]),
    ...status.guests.flatMap((guest) => [
      part(guest.name.padEnd(8), guest.server),
      part('worker  ', guest.worker),
      ...(guest.server.running ? exportsOf(guest) : []),
    ]),
    ...next,
  ].join('\n');
}

/** How this program was called, so that what is printed can be typed. */
export function programName(argv: readonly string[], env: NodeJS.ProcessEnv): string {
  const installed = env['npm_command'] === undefined && !(argv[1] ?? '').endsWith('run.js');
  return installed ? 'jobctl' : 'npx jobctl';
}

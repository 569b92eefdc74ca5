import type { Emphasis } from './guide.ts';
import type { Deviation } from './tour/checks.ts';
import type { StepReport } from './tour/walk.ts';
import type { TourReport } from './tour.ts';

const rule = '─'.repeat(80);

export const openingText = [
  'A shop in trouble, on servers of its own: mails died, a worker crashed.',
  'Each command below is run for real, and what it says is held against what the',
  'server has.',
].join('\n');

export const arrivalText = (variables: Readonly<Record<string, string>>): string =>
  ['', ...Object.entries(variables).map(([name, value]) => `$ export ${name}=${value}`)].join('\n');

export const titleText = (title: string, number: string, command: string, { strong, dim }: Emphasis): string =>
  ['', dim(rule), strong(`${number} ${title}`), '', strong(`$ ${command}`)].join('\n');

export const verdictText = (proves: string, { ok, deviations }: StepReport, { good, bad }: Emphasis): string =>
  `\n${ok ? good(`checked: ${proves}`) : deviations.map((one) => bad(deviationText(one))).join('\n')}`;

const deviationText = ({ what, expected, found }: Deviation): string =>
  [`NOT as it says: ${what}`, `  expected  ${expected}`, `  found     ${found}`].join('\n');

export const closingText = ({ seconds, steps: taken }: TourReport, program: string, { strong }: Emphasis): string =>
  [
    '',
    rule,
    strong(`All ${taken.length} steps did what they say (${seconds.toFixed(1)} s). Servers and data are removed.`),
    '',
    'Look around by yourself, with workers that go on working:',
    `  ${program} demo up      starts it, and says what to try`,
    `  ${program} demo down    stops it, and removes its data`,
  ].join('\n');

export const failureText = ({ steps: taken }: TourReport): string => {
  const last = taken.at(-1);
  const first = last?.deviations[0];
  return `Step ${taken.length} of the tour did not do what it says: ${last?.command}. ${first?.what}: expected ${first?.expected}, found ${first?.found}.`;
};

import { type JobState, jobStates } from '../../../domain/job.ts';
import type { Column } from './catalog.ts';
import { fault } from './columns.ts';
import type { TablesMapping } from './mapping.ts';
import type { Preset } from './preset.ts';

/** The labels of each state, the one to write first. */
export type Labels = Readonly<Record<JobState, readonly string[]>>;

export function labelsOf(
  { statuses, write }: TablesMapping,
  preset: Preset | undefined,
  status: Column,
  warnings: string[],
): Labels {
  const known = status.kind === 'enum' ? status.labels : undefined;
  for (const label of Object.keys(statuses ?? {}))
    if (known !== undefined && !known.includes(label))
      throw fault(`tables.statuses.${label}`, `${status.type} has no such label`, `It has: ${known.join(', ')}.`);
  const likely = preset === undefined ? [] : fromPreset(preset, known);
  const all = { ...Object.fromEntries(likely), ...statuses };
  const unmapped = known?.filter((label) => all[label] === undefined) ?? [];
  if (unmapped.length > 0)
    warnings.push(`tables.statuses does not map ${unmapped.join(', ')}: shown as blocked, and never written to.`);
  // what the configuration says itself comes first: that is the label that is written
  const ordered = [...Object.keys(statuses ?? {}), ...likely.map(([label]) => label)];
  const labels = Object.fromEntries(
    jobStates.map((state) => [state, [...new Set(ordered)].filter((label) => all[label] === state)]),
  ) as Record<JobState, string[]>;
  for (const state of ['waiting', 'active', 'dead'] as const)
    if (labels[state].length === 0 && (write || state === 'waiting'))
      throw fault('tables.statuses', `no status means ${state}`, `Say which one does, for example: failed: dead.`);
  return labels;
}

/** The preset's labels as the enum spells them; of a text column any spelling in small letters is taken. */
const fromPreset = ({ statuses }: Preset, known: readonly string[] | undefined): [string, JobState][] =>
  (known ?? Object.keys(statuses)).flatMap((label) => {
    const state = statuses[label.toLowerCase()];
    return state === undefined ? [] : [[label, state]];
  });

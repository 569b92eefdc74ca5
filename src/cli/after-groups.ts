import { type Group, type GroupKey, NO_VALUE } from '../health/groups.ts';
import { shellWord } from '../safety/shell-word.ts';

/**
 * Commands after a look at groups: to look at one job of the largest, and to act on the largest that a flag can select.
 * `asked`: the queue to act on, where there is one and it can be acted on.
 */
export function afterGroups(groups: readonly Group[], asked: string | undefined, by: GroupKey): string[] {
  const first = groups[0];
  if (first === undefined) return [];
  const chosen = groups.find(({ group }) => group !== NO_VALUE);
  return [
    `jobctl dlq show ${shellWord(first.sampleIds[0] ?? '')}`,
    ...(asked === undefined || chosen === undefined
      ? []
      : [`jobctl replay ${shellWord(asked)} ${narrowing(by, chosen.group)} --dry-run`]),
  ];
}

/** The flag that selects a group again. */
const narrowing = (by: GroupKey, group: string): string => `--${by === 'error' ? 'group' : by} ${shellWord(group)}`;

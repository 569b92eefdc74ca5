import { parseDuration } from './duration.ts';
import type { TablesEntry } from './tables-schema.ts';

/** The same with its durations in seconds. */
export interface Tables extends Omit<TablesEntry, 'stuckAfter' | 'heartbeats'> {
  readonly stuckAfter?: Readonly<Record<string, number>> | undefined;
  readonly heartbeats?:
    | (Omit<NonNullable<TablesEntry['heartbeats']>, 'staleAfter'> & { readonly staleAfter?: number | undefined })
    | undefined;
}

export function tablesOf({ stuckAfter, heartbeats, ...rest }: TablesEntry): Tables {
  return {
    ...rest,
    ...(stuckAfter === undefined
      ? {}
      : {
          stuckAfter: Object.fromEntries(
            Object.entries(stuckAfter).map(([queue, duration]) => [queue, parseDuration(duration)]),
          ),
        }),
    ...(heartbeats === undefined
      ? {}
      : {
          heartbeats: {
            ...heartbeats,
            staleAfter: heartbeats.staleAfter === undefined ? undefined : parseDuration(heartbeats.staleAfter),
          },
        }),
  };
}

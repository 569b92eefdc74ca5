import prettyBytes from 'pretty-bytes';
import { grouped } from '../domain/grouped.ts';
import type { Instant } from '../domain/instant.ts';
import { clock, relative } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, facts, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { table } from './table.ts';

export interface BackupRow {
  /** The run that saved it; `restore` and `undo` take this name. */
  readonly run: string;
  readonly path: string;
  readonly at: Instant;
  readonly verb?: string | undefined;
  readonly context?: string | undefined;
  readonly queues: readonly string[];
  /** Missing where it would have to be counted first. */
  readonly jobs?: number | undefined;
  readonly bytes: number;
}

export interface BackupsView {
  readonly backups: readonly BackupRow[];
  readonly more: boolean;
  /** All of them lie below this folder. */
  readonly folder: string;
  /** Only those of this queue were looked for. */
  readonly queue?: string | undefined;
  readonly now: Instant;
  readonly next: readonly string[];
}

/** The same in every locale. */
export const sizeText = (bytes: number): string => prettyBytes(bytes, { locale: 'en-US' }).replaceAll('\u00a0', ' ');

export const backupsText = view(({ backups, more, folder, queue, now, next }: BackupsView, page: Page): string => {
  if (backups.length === 0)
    return lines(`No backups${queue === undefined ? '' : ` of ${queue}`} below ${folder}.`, nextLines(next, page));
  const { text } = table<BackupRow>(
    [
      { head: 'BACKUP OF RUN', whole: true, cell: (backup) => backup.run },
      { head: 'SAVED', whole: true, right: true, cell: (backup) => relative(backup.at, now) },
      {
        head: 'JOBS',
        whole: true,
        right: true,
        cell: (backup) => (backup.jobs === undefined ? '-' : grouped(backup.jobs)),
      },
      { head: 'SIZE', whole: true, right: true, drop: 5, cell: (backup) => sizeText(backup.bytes) },
      { head: 'CONTEXT', min: 8, drop: 10, cell: (backup) => backup.context ?? '-' },
    ],
    backups,
    page,
  );
  return blocks(text, lines(`below ${folder}`, more ? 'There are older backups.' : '', nextLines(next, page)));
});

export interface BackupCheckView {
  readonly path: string;
  readonly ok: boolean;
  readonly torn: boolean;
  readonly frames: number;
  readonly jobs: number;
  readonly bytes: number;
  readonly damage: readonly { readonly frame: number; readonly offset: number; readonly why: string }[];
  readonly next: readonly string[];
}

export const backupCheckText = view((check: BackupCheckView, page: Page): string => {
  const verdict = check.ok
    ? page.style.good('sound: every checksum holds and every job reads')
    : check.torn
      ? page.style.warn('sound but for the last write, which a crash cut short; those jobs were never touched')
      : page.style.bad('DAMAGED: some of it is lost');
  return blocks(
    verdict,
    facts(
      [
        ['backup', check.path],
        [
          'holds',
          `${plural(check.jobs, 'job')} in ${plural(check.frames, 'batch').replace(/batchs$/, 'batches')}, ${sizeText(check.bytes)}`,
        ],
        ...check.damage.map(({ frame, offset, why }): [string, string] => [
          'damage',
          `${frame > 0 ? `batch ${frame}, ` : ''}byte ${grouped(offset)}: ${why}`,
        ]),
      ],
      page,
    ),
    nextLines(check.next, page),
  );
});

/** Head of `backup show`; the jobs follow as a list of their own. */
export const backupHeadText = view((backup: BackupRow, page: Page): string =>
  facts(
    [
      ['run', backup.run],
      ['saved', clock(backup.at)],
      ['before', backup.verb === undefined ? undefined : `${backup.verb} ${backup.queues.join(', ')}`],
      ['context', backup.context],
      ['jobs', backup.jobs === undefined ? undefined : grouped(backup.jobs)],
      ['file', `${backup.path}, ${sizeText(backup.bytes)}`],
    ],
    page,
  ),
);

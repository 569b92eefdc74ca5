import { quoted } from '../sql.ts';
import type { Column } from './catalog.ts';

export const ref = (alias: string, column: Column): string => `${alias}.${quoted(column.name)}`;

/** A time without a zone is UTC wall time, whatever the zone of the session or the server. */
export const moment = (alias: string, column: Column): string =>
  column.kind === 'timestamp' ? `(${ref(alias, column)} AT TIME ZONE 'UTC')` : ref(alias, column);

/** A char(n) is given without the blanks that fill it up. */
export const asText = (alias: string, column: Column): string =>
  column.kind === 'text' && column.type !== 'character' ? ref(alias, column) : `${ref(alias, column)}::text`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

import type { Selection } from '../domain/selection.ts';
import { clock } from './age.ts';
import { plural } from './count-text.ts';

/** A selection in words: `dead, type email.send, error "timeout", since before 2026-11-23T03:41:09Z`. */
export function selectionText(selection: Selection): string {
  const { states, ids, types, lane, tenant, stuck, resolved, before, after, error, group, where } = selection;
  const quoted = (text: string): string => (text.startsWith('/') ? text : `"${text}"`);
  return [
    states.join(' or '),
    ids && (ids.length <= 5 ? `id ${ids.join(', ')}` : `${plural(ids.length, 'id')} from ${ids[0]} to ${ids.at(-1)}`),
    types && `type ${types.join(' or ')}`,
    lane !== undefined && `lane ${lane}`,
    tenant !== undefined && `tenant ${tenant}`,
    stuck && 'owner gone',
    resolved && 'resolved',
    error !== undefined && `error ${quoted(error)}`,
    group !== undefined && `group ${group}`,
    where !== undefined && `where ${where}`,
    before !== undefined && `since ${clock(before)} or earlier`,
    after !== undefined && `since ${clock(after)} or later`,
  ]
    .filter(Boolean)
    .join(', ');
}

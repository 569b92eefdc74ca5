import type { QueueAdapter } from '../../domain/adapter.ts';
import { readOnly } from './read-only.ts';

/**
 * A layout that nobody has tried is read, and not written: what a new column or state means is not known here. With
 * `insists` the operator takes that upon himself, and every plan says so.
 */
export function knownLayout(adapter: QueueAdapter, insists: boolean): QueueAdapter {
  const { backend } = adapter;
  const { newerSchema } = backend;
  if (newerSchema === undefined) return adapter;
  if (!insists)
    return readOnly(
      adapter,
      `its tables are newer than this jobctl knows (${newerSchema})`,
      "Update jobctl, or use the library's own means. To write all the same, at your own risk: --newer-schema",
    );
  const risk = `THESE TABLES ARE NEWER THAN JOBCTL KNOWS (${newerSchema}), and --newer-schema writes to them all the same: what is new is neither minded nor saved. Try it with --limit 1.`;
  return { ...adapter, backend: { ...backend, warnings: [...backend.warnings, risk] } };
}

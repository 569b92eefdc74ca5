import { setImmediate as breathe } from 'node:timers/promises';
import type { QueueReader } from '../domain/adapter.ts';

/** Jobs worked on before the keyboard gets its turn. */
const SLICE = 10;

/** The same jobs in small portions, with a pause after each, so that going through many never holds up a key. */
export const smooth = (reader: QueueReader): QueueReader => ({
  ...reader,
  async *browse(selection, options) {
    for await (const page of reader.browse(selection, options)) {
      for (let at = 0; at < page.length; at += SLICE) {
        yield page.slice(at, at + SLICE);
        await breathe();
      }
    }
  },
});

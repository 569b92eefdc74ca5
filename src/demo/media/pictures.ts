import type { Dice } from '../dice.ts';
import { tenants } from '../payloads.ts';

export interface Picture {
  readonly upload: string;
  readonly tenant: string;
  readonly format: 'jpeg' | 'png' | 'heic';
  readonly url: string;
  readonly sizes: readonly number[];
  /** It is shown instead of the picture store's key. */
  readonly signature: string;
  /** The picture store was down when this one was run; it is up again. */
  readonly storeDown?: true;
}

export function draw(d: Dice, format: Picture['format']): Picture {
  const upload = `upl_${d.hex(8)}`;
  const tenant = d.pick(tenants);
  return {
    upload,
    tenant,
    format,
    url: `https://pictures.${tenant}.example/${upload}.${format}`,
    sizes: [160, 640],
    signature: d.hex(32),
  };
}

import { styleText } from 'node:util';
import type { Page } from '../../output/page.ts';

/** What the terminal can show. The width comes with each frame. */
export interface Look {
  readonly style: Page['style'];
  readonly clean: Page['clean'];
  readonly colour: boolean;
  /** False where it knows no more than ASCII. */
  readonly unicode: boolean;
}

export const pageOn = ({ style, clean }: Look, width: number): Page => ({ width, style, clean });

/** The line of the cursor. Its sign says the same where this cannot be seen. */
export const marked = (look: Look, text: string): string =>
  look.colour ? styleText('inverse', text, { validateStream: false }) : text;

export const dot = ' · ';

const ours = '·…≥─↑↓▁▂▃▄▅▆▇█';
const plain = '|~>-^v_.-=+*#@';
const sign = new RegExp(`[${ours}]`, 'gu');

/** Our own signs for a terminal that knows no more than ASCII; names stay what they are. */
export const signs = ({ unicode }: Look, line: string): string =>
  unicode ? line : line.replaceAll(sign, (char) => plain[ours.indexOf(char)] ?? char);

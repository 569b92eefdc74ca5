import { ansiStyle, defaultWidth, type Page, plainStyle } from '../output/page.ts';
import { sanitise } from '../safety/sanitise.ts';

/** What text for this stream may look like: no colour where nobody sees it, or where it is not wanted. */
export function pageFor(stream: NodeJS.WriteStream, noColor: boolean): Page {
  const plain = noColor || Boolean(process.env['NO_COLOR']) || process.env['TERM'] === 'dumb';
  return {
    width: stream.columns || widthAsked() || defaultWidth,
    style: stream.isTTY && !plain ? ansiStyle : plainStyle,
    clean: (text) => sanitise(text, { newlines: true }),
  };
}

/** Of a pipe or a log nobody knows the width, unless COLUMNS says it. */
function widthAsked(): number | undefined {
  const width = Number(process.env['COLUMNS']);
  return Number.isInteger(width) && width >= 40 ? width : undefined;
}

/** A person sits there: questions and moving progress make sense. */
export const isAttended = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

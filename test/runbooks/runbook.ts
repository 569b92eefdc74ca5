/** Reads a runbook: its sections, the commands in their `console` blocks, and what the document says they print. */

export interface Step {
  /** As typed behind `$ `, continued lines joined, without the comment. */
  readonly command: string;
  /** What the document says; 0 unless a comment `# exit N` follows the command. */
  readonly exit: number;
  /** The lines shown below the command; a line `…` stands for lines left out. */
  readonly shown: readonly string[];
}

export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface MappingRow {
  readonly old: string;
  /** Each command of the second column. */
  readonly commands: readonly string[];
}

export interface Runbook {
  readonly sections: readonly Section[];
  readonly mapping: readonly MappingRow[];
  /** Fenced blocks with a file name behind their language: ```yaml jobctl.yaml */
  readonly files: Readonly<Record<string, string>>;
}

interface Block {
  readonly title: string;
  readonly language: string;
  readonly name: string | undefined;
  readonly lines: readonly string[];
}

export function readRunbook(markdown: string): Runbook {
  const blocks = blocksOf(markdown);
  const titles = new Set(blocks.filter(({ language }) => language === 'console').map(({ title }) => title));
  return {
    sections: [...titles].map((title) => ({
      title,
      steps: blocks
        .filter((block) => block.title === title && block.language === 'console')
        .flatMap((block) => stepsOf(block.lines)),
    })),
    mapping: markdown.split('\n').flatMap(mappingRow),
    files: Object.fromEntries(
      blocks.flatMap(({ name, lines }) => (name === undefined ? [] : [[name, `${lines.join('\n')}\n`]])),
    ),
  };
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let title = '';
  let open: { language: string; name: string | undefined; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const fence = /^```(\S*)\s*(\S+)?$/.exec(line);
    if (open === undefined) {
      title = /^#+ (.+)$/.exec(line)?.[1] ?? title;
      if (fence !== null) open = { language: fence[1] ?? '', name: fence[2], lines: [] };
    } else if (fence !== null) {
      blocks.push({ title, ...open });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`A block below "${title}" is never closed.`);
  return blocks;
}

function stepsOf(lines: readonly string[]): Step[] {
  const steps: { command: string; exit: number; shown: string[] }[] = [];
  let unfinished = false;
  for (const line of lines) {
    const last = steps.at(-1);
    if (unfinished && last !== undefined) last.command += ` ${line.trim()}`;
    else if (line.startsWith('$ ')) steps.push({ command: line.slice(2), exit: 0, shown: [] });
    else if (last === undefined) throw new Error(`A console block must begin with a command, not with: ${line}`);
    else {
      last.shown.push(line);
      continue;
    }
    const typed = steps.at(-1) as { command: string };
    unfinished = typed.command.endsWith('\\');
    if (unfinished) typed.command = typed.command.slice(0, -1).trimEnd();
  }
  return steps.map(({ command, shown }) => {
    const [, typed, comment] = /^(.*?)(?:\s+#\s*(.*))?$/.exec(command) as RegExpExecArray;
    const exit = /^exit (\d+)\b/.exec(comment ?? '')?.[1];
    return { command: (typed as string).trim(), exit: exit === undefined ? 0 : Number(exit), shown };
  });
}

/** A row of a table whose second column holds commands. */
function mappingRow(line: string): MappingRow[] {
  const cells = /^\| `(.+?)` \| (.+?) \| /.exec(line.replaceAll('\\|', '\u0000'));
  if (cells === null) return [];
  const commands = [...(cells[2] as string).matchAll(/`(jobctl [^`]+)`/g)].map((found) => found[1] as string);
  return [{ old: (cells[1] as string).replaceAll('\u0000', '|'), commands }];
}

/** The words of a command as a shell would give them; quotes only, since a runbook needs no more. */
export function wordsOf(command: string): string[] {
  const words: string[] = [];
  for (const [word] of command.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g))
    words.push(word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  return words;
}

/** The lines that the document shows and the program did not print, in that order. */
export function missingLines(shown: readonly string[], printed: string, steady: (text: string) => string): string[] {
  const lines = steady(printed).split('\n').map(closeUp);
  let from = 0;
  const wantedLines = steady(shown.join('\n')).split('\n').map(closeUp);
  return wantedLines.filter((wanted) => {
    if (wanted === '' || wanted === '…') return false;
    const at = lines.findIndex((line, index) => index >= from && isSame(line, wanted));
    if (at === -1) return true;
    from = at + 1;
    return false;
  });
}

/** Where a line is cut off depends on how wide the ages in it are. */
function isSame(line: string, wanted: string): boolean {
  if (!line.endsWith('…') || !wanted.endsWith('…')) return line === wanted;
  const [one, other] = [line.slice(0, -1), wanted.slice(0, -1)];
  return one.startsWith(other) || other.startsWith(one);
}

const closeUp = (line: string): string => line.replace(/ {2,}/g, ' ').trim();

/**
 * Records `jobctl top` on the demo, for the README: node scripts/record-top.ts
 *
 * The real program in a pseudo-terminal, driven by keys; each key waits until the screen shows what it was pressed for.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { type Frame, filmSvg, type Picture } from './film-svg.ts';

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const target = fileURLToPath(new URL('../docs/top.svg', import.meta.url));
const size = { cols: 100, rows: 20 };
const PATIENCE_MS = 30_000;

/** What is pressed, what the screen then shows, and for how long it is looked at. */
const scenes: readonly { keys: readonly string[]; shows: RegExp; seconds: number; says: string }[] = [
  { keys: [], shows: /^>.* email .* 335 /m, seconds: 4, says: 'jobctl top: the worst queue first' },
  { keys: ['d'], shows: /dead jobs in \d groups/, seconds: 4, says: 'd: its dead jobs, by cause' },
  { keys: ['r', 'g'], shows: /Replay 214 jobs in email/, seconds: 5, says: 'r, g: replay this group; first the plan' },
  { keys: ['y'], shows: /213 done/, seconds: 5, says: 'y: done, with the backup and the way back' },
  { keys: ['\r', '\x1b'], shows: /^>.* email /m, seconds: 4, says: 'the workers take them' },
  { keys: ['u'], shows: /-replay-email-/, seconds: 3, says: 'u: what was done from here, to be undone' },
];

const folder = mkdtempSync(join(tmpdir(), 'jobctl-record-'));
const env = { PATH: process.env['PATH'] ?? '', HOME: folder, JOBCTL_STATE_DIR: folder, LANG: 'C.UTF-8', TZ: 'UTC' };
const jobctl = (...words: string[]): string =>
  execFileSync(process.execPath, [program, ...words], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

try {
  const { url } = JSON.parse(jobctl('demo', 'up', '--postgres-only', '--json')) as { url: string };
  writeFileSync(join(folder, 'jobctl.yaml'), `version: 1\ndefault: shop\ncontexts:\n  shop: { url: ${url} }\n`);
  writeFileSync(target, filmSvg(await record(), size));
} finally {
  jobctl('demo', 'down');
  rmSync(folder, { recursive: true, force: true });
}

async function record(): Promise<Frame[]> {
  const screen = new xterm.Terminal({ ...size, allowProposedApi: true });
  const pty = spawn(process.execPath, [program, 'top', '--write', '--every', '1s'], {
    ...size,
    name: 'xterm-256color',
    cwd: folder,
    env: { ...env, TERM: 'xterm-256color', COLORTERM: 'truecolor' },
  });
  pty.onData((data) => screen.write(data));
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  const frames: Frame[] = [];
  try {
    for (const { keys, shows, seconds, says } of scenes) {
      for (const key of keys) {
        pty.write(key);
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
      frames.push({ picture: await shown(screen, shows), seconds, says });
    }
    pty.write('q');
    await ended;
  } finally {
    pty.kill('SIGKILL');
  }
  return frames;
}

async function shown(screen: xterm.Terminal, what: RegExp): Promise<Picture> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const picture = pictureOf(screen);
    const text = picture.map((line) => line.map(({ text }) => text).join('')).join('\n');
    if (what.test(text)) return picture;
    if (Date.now() > deadline) throw new Error(`The screen never showed ${what}, but:\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Each line in stretches of one look. */
function pictureOf(screen: xterm.Terminal): Picture {
  const { active } = screen.buffer;
  return Array.from({ length: size.rows }, (_, row) => {
    const line = active.getLine(active.viewportY + row);
    const stretches: Picture[number] = [];
    for (let column = 0; column < size.cols; column += 1) {
      const cell = line?.getCell(column);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const look = {
        colour: cell.isFgRGB()
          ? `#${cell.getFgColor().toString(16).padStart(6, '0')}`
          : cell.isFgDefault()
            ? undefined
            : cell.getFgColor(),
        bold: cell.isBold() !== 0,
        dim: cell.isDim() !== 0,
        inverse: cell.isInverse() !== 0,
      };
      const last = stretches.at(-1);
      const text = cell.getChars() || ' ';
      if (last !== undefined && JSON.stringify(last.look) === JSON.stringify(look)) last.text += text;
      else stretches.push({ column, text, look });
    }
    return stretches;
  });
}

/** Pictures of a terminal, one after the other, as one SVG that plays by itself. */
export interface Look {
  /** A colour of its own, or one of the terminal's sixteen by number. */
  readonly colour: string | number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

/** For each line, stretches of text of one look, and the column where each begins. */
export type Picture = { readonly column: number; text: string; readonly look: Look }[][];

export interface Frame {
  readonly picture: Picture;
  readonly seconds: number;
  /** Shown in the bar of the window. */
  readonly says: string;
}

const CHAR = 8.4;
const LINE = 19;
const MARGIN = 14;
const BAR = 34;
const GROUND = '#0d1117';
const TEXT = '#c9d1d9';
// biome-ignore format: the sixteen colours of a terminal, the bright ones below the plain ones
const palette = [
  '#484f58', '#ff7b72', '#7ee787', '#d29922', '#79c0ff', '#d2a8ff', '#56d4dd', '#c9d1d9',
  '#6e7681', '#ffa198', '#aff5b4', '#e3b341', '#a5d6ff', '#e2c5ff', '#b3f0ff', '#ffffff',
];

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const colourOf = ({ colour }: Look): string =>
  typeof colour === 'number' ? (palette[colour] ?? TEXT) : (colour ?? TEXT);

function stretch({ column, text, look }: Picture[number][number], row: number): string {
  if (text.trim() === '' && !look.inverse) return '';
  const [x, y] = [(MARGIN + column * CHAR).toFixed(1), BAR + row * LINE];
  const ground = look.inverse
    ? `<rect x="${x}" y="${y}" width="${(text.length * CHAR).toFixed(1)}" height="${LINE}" fill="${colourOf(look)}"/>`
    : '';
  const marks = [look.bold ? ' font-weight="bold"' : '', look.dim ? ' opacity="0.6"' : ''].join('');
  const fill = look.inverse ? GROUND : colourOf(look);
  return `${ground}<text x="${x}" y="${y + LINE * 0.74}" fill="${fill}"${marks} xml:space="preserve">${escaped(text.trimEnd())}</text>`;
}

export function filmSvg(
  frames: readonly Frame[],
  { cols, rows }: { readonly cols: number; readonly rows: number },
): string {
  const width = Math.ceil(cols * CHAR + 2 * MARGIN);
  const height = BAR + rows * LINE + MARGIN;
  const whole = frames.reduce((sum, { seconds }) => sum + seconds, 0);
  let from = 0;
  const percent = (seconds: number): string => ((seconds / whole) * 100).toFixed(2);
  const styles: string[] = [];
  const groups = frames.map(({ picture, seconds, says }, index) => {
    const [begins, ends] = [percent(from), percent(from + seconds)];
    from += seconds;
    const before = index === 0 ? '' : `0%{opacity:0}`;
    const after = index === frames.length - 1 ? '' : `${ends}%,100%{opacity:0}`;
    styles.push(
      `@keyframes f${index}{${before}${begins}%{opacity:1}${after}}.f${index}{opacity:0;animation:f${index} ${whole}s step-end infinite}`,
    );
    const lines = picture.map((line, row) => line.map((one) => stretch(one, row)).join('')).filter(Boolean);
    return `<g class="f${index}"><text x="${width / 2}" y="22" text-anchor="middle" fill="#8b949e">${escaped(says)}</text>\n${lines.join('\n')}\n</g>`;
  });
  const dots = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (fill, i) => `<circle cx="${18 + i * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="jobctl top: ${escaped(frames.map(({ says }) => says).join('; '))}">`,
    `<style>${styles.join('')}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...groups,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

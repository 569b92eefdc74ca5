/** Text of a terminal as a picture, for the README. Colours hold on light and dark pages: the window brings its own ground. */
const CHAR = 8.4;
const LINE = 20;
const MARGIN = 18;
const BAR = 34;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const coloured = (line: string): string => {
  const text = escaped(line);
  if (line.startsWith('$ ')) return `<tspan fill="#7ee787">$</tspan><tspan fill="#ffffff">${text.slice(1)}</tspan>`;
  if (/^(next:| {6}jobctl)/.test(line)) return `<tspan fill="#8b949e">${text}</tspan>`;
  return text
    .replace(/\bg-[0-9a-f]{8}\b/, '<tspan fill="#79c0ff">$&</tspan>')
    .replace(/^ *\d+(?= {2}<tspan)/, '<tspan fill="#ffa657">$&</tspan>');
};

export function terminalSvg(text: string): string {
  const lines = text.trimEnd().split('\n');
  const width = Math.ceil(Math.max(...lines.map((line) => line.length), 60) * CHAR + 2 * MARGIN);
  const height = BAR + lines.length * LINE + MARGIN;
  const dots = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (fill, i) => `  <circle cx="${MARGIN + i * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  const rows = lines.map(
    (line, i) => `  <text x="${MARGIN}" y="${BAR + (i + 0.7) * LINE}" xml:space="preserve">${coloured(line)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(lines[0] ?? '').replaceAll('"', '&quot;')} in a terminal">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#c9d1d9">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

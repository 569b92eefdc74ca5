/** The lines that differ, `-` as checked in, `+` as generated; enough to see what changed without another tool. */
export function diffLines(before: string, after: string, most = 40): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const lines = [
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...now.slice(start, now.length - end).map((line) => `+ ${line}`),
  ];
  const rest = lines.length - most;
  return [`@@ line ${start + 1}`, ...lines.slice(0, most), ...(rest > 0 ? [`… ${rest} more lines`] : [])].join('\n');
}

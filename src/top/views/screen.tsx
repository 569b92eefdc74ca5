import { Box, Text } from 'ink';
import { memo } from 'react';

/** One line, cut at the edge. A line that did not change is not made anew. */
const Line = memo(({ text }: { readonly text: string }) => <Text wrap="truncate-end">{text === '' ? ' ' : text}</Text>);

/** Draws what it is given. */
export const Screen = ({ lines, columns }: { readonly lines: readonly string[]; readonly columns: number }) => (
  <Box flexDirection="column" width={columns}>
    {lines.map((text, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
      <Line key={index} text={text} />
    ))}
  </Box>
);

/** The parts of Ink's Key that name something. */
export interface Pressed {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageDown: boolean;
  readonly pageUp: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

const named: readonly (readonly [keyof Pressed, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pagedown'],
  ['pageUp', 'pageup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

/** Keys by the names that the state knows. Fast typing may come as one text: each letter is a key, and Esc before it, too. */
export function keyNames(input: string, pressed: Pressed): string[] {
  const name = named.find(([flag]) => pressed[flag]);
  if (name !== undefined) return [name[1]];
  if (pressed.ctrl) return input === '' ? [] : [`ctrl-${input}`];
  const keys = [...input].map(keyOf).filter((key) => key !== '');
  return pressed.meta ? ['escape', ...keys] : keys;
}

function keyOf(letter: string): string {
  if (letter === ' ') return 'space';
  if (letter === '\r' || letter === '\n') return 'enter';
  if (letter === '\t') return 'tab';
  if (letter === '\b' || letter === '\x7f') return 'backspace';
  if (letter === '\x1b') return 'escape';
  // Ctrl and a letter
  return letter < ' ' ? `ctrl-${String.fromCharCode(letter.charCodeAt(0) + 96)}` : letter;
}

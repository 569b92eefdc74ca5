import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Calls back when the terminal is closed. Where the process was started to outlive that, it does not, and is not ended by it
 * either, as it would be without any handler. The result takes the handler away.
 */
export function onHangUp(act?: () => void): () => void {
  const handler = outlivesTerminal() ? () => {} : act;
  if (handler === undefined) return () => {};
  process.on('SIGHUP', handler);
  return () => void process.off('SIGHUP', handler);
}

/**
 * Whether it was started by nohup, or by something that was. That leaves SIGHUP ignored, but Node takes this back before the
 * first line of a program runs. What else tells it: `_`, in which bash and zsh name the command that they start, the stdin that
 * GNU's nohup puts in place of a terminal, and a script around it that ignores the signal itself.
 */
const outlivesTerminal = (): boolean =>
  basename(process.env['_'] ?? '') === 'nohup' || hasUnreadableStdin() || ignoresHangUp(process.ppid);

/** `/dev/null`, opened to write only: whoever wants no input opens it to read. */
function hasUnreadableStdin(): boolean {
  if (!/^flags:\s+\d*1$/m.test(told(() => readFileSync('/proc/self/fdinfo/0', 'utf8')))) return false;
  return told(() => readlinkSync('/proc/self/fd/0')) === '/dev/null';
}

/** SIGHUP is the first bit of the mask. */
const ignoresHangUp = (pid: number): boolean =>
  /^SigIgn:\s+[\da-f]*[13579bdf]$/m.test(told(() => readFileSync(`/proc/${pid}/status`, 'utf8')));

/** Only Linux tells. */
function told(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}

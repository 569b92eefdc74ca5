import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who has a lock, as it stands in Redis: text that can be compared, and says enough to be shown. */
export interface Holder {
  readonly holder: string;
  readonly since: string;
  /** Where and as which process, so that a run on the same machine can see that it is no more. */
  readonly on: string;
  readonly pid: number;
  /** Makes two locks of one process differ. */
  readonly id: string;
}

const read = (work: () => string): string => {
  try {
    return work().trim();
  } catch {
    return '';
  }
};

/** One start of one machine, and on Linux one space of process numbers: containers may share all the rest. */
export const thisPlace = (): string =>
  [
    hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');

export function holderIn(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.holder === 'string' ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** Only ever true for a process of this very place that has ended; of any other nothing is known. */
export function isGone({ on, pid }: Holder): boolean {
  if (on !== thisPlace() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

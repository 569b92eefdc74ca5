import type { Progress } from '../operations/ports.ts';
import { isDue, progressText, secondsBetweenLines } from '../output/progress-text.ts';

export interface ProgressLine {
  show(progress: Progress): void;
  end(): void;
}

/** A bar that moves where a person watches; where a log is written, a plain line every few seconds. */
export function progressLine(attended: boolean, say: (text: string) => void): ProgressLine {
  const begun = performance.now();
  const every = attended ? secondsBetweenLines.screen : secondsBetweenLines.log;
  const line = attended ? bar() : { show: say, end: () => {} };
  let last = 0;
  let why: string | undefined;
  return {
    show: ({ done, of, exact, waiting }) => {
      const elapsedSeconds = (performance.now() - begun) / 1000;
      if (waiting === why && !isDue(last, elapsedSeconds, every)) return;
      why = waiting;
      last = elapsedSeconds;
      line.show(progressText({ done, of, exact, elapsedSeconds, waiting }), done, of);
    },
    end: () => line.end(),
  };
}

/** The library is loaded with the first step, so that a short run never pays for it. */
function bar(): { show(text: string, done: number, of: number): void; end(): void } {
  let ended = false;
  let made: Promise<import('cli-progress').SingleBar> | undefined;
  const make = async (of: number): Promise<import('cli-progress').SingleBar> => {
    const { SingleBar } = (await import('cli-progress')).default;
    const single = new SingleBar({
      format: '{bar} {text}',
      barsize: 24,
      hideCursor: true,
      stream: process.stderr,
      clearOnComplete: true,
    });
    if (!ended) single.start(of, 0, { text: '' });
    return single;
  };
  return {
    show: (text, done, of) => {
      made ??= make(of);
      void made.then((single) => ended || single.update(Math.min(done, of), { text }));
    },
    end: () => {
      ended = true;
      void made?.then((single) => single.stop());
    },
  };
}

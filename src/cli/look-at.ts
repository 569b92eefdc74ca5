import type { Worker } from '../domain/adapter.ts';
import type { PauseNote } from '../output/pauses-text.ts';
import { pauseNotes } from './pauses.ts';
import type { Session } from './session.ts';

interface Crew {
  readonly alive: number;
  readonly silent: number;
}

/** One look at a backend, for a screen that looks again and again. */
export async function lookAt(session: Session) {
  const { reader } = session;
  const queues = await reader.stats({});
  const asOf = await reader.now();
  const pauses: PauseNote[] = await pauseNotes(session, queues, asOf);
  // on SQS a look is attributes alone: of its consumers other services tell, for money; and none of them sinks a look
  // and where only some are known, their number would say the wrong thing
  const { workersNote } = reader.backend;
  const untold = reader.reads === 'receive' || workersNote !== undefined;
  const workers = untold ? undefined : await reader.workers?.().catch(() => undefined);
  const { name: backend, version, where } = reader.backend;
  return {
    backend,
    version,
    where,
    reads: reader.reads,
    asOf,
    queues,
    pauses,
    workers: workers && { ...crewOf(workers), byQueue: byQueue(workers) },
  };
}

function crewOf(workers: readonly Worker[]): Crew {
  const silent = workers.filter((worker) => worker.silent).length;
  return { alive: workers.length - silent, silent };
}

/** Undefined where one does not say which queue it takes from: it may take from any. */
function byQueue(workers: readonly Worker[]): Record<string, Crew> | undefined {
  if (!workers.every(({ queue }) => queue !== undefined)) return undefined;
  const crews = Map.groupBy(workers, ({ queue = '' }) => queue);
  return Object.fromEntries([...crews].map(([queue, crew]) => [queue, crewOf(crew)]));
}

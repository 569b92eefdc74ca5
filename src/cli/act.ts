import type { Action, Resolution } from '../domain/action.ts';
import type { Plan, Report, Verb } from '../domain/plan.ts';
import type { Selection } from '../domain/selection.ts';
import { type Engine, engineFor, refuseUnable } from '../operations/engine.ts';
import { withIds } from '../operations/freeze.ts';
import { loopsIn } from '../operations/ledger.ts';
import { planAction } from '../operations/plan-action.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { sparing } from '../operations/spare.ts';
import { compileTests } from './criteria.ts';
import { forewarned } from './forewarned.ts';
import { payloadCheck } from './job-types.ts';
import type { Session } from './session.ts';
import { sourceOf } from './source.ts';

export interface Deed {
  readonly verb: Verb;
  readonly selection: Selection;
  readonly action: Action | Resolution;
  readonly limit?: number | undefined;
  readonly reason?: string | undefined;
  /** Also jobs that were replayed too often within a day. */
  readonly force?: boolean | undefined;
  /** Seconds over which the jobs are spread evenly. */
  readonly spread?: number | undefined;
  /** Only jobs whose payload fits the schema of their type. */
  readonly validOnly?: true | undefined;
}

/** A verb on the jobs of a selection, whoever asked for it: a command line or a screen. */
export async function actOn(session: Session, ports: Ports, pace: Pace, deed: Deed): Promise<Report> {
  refuseUnable(session.adapter, deed.action);
  const tests = await compileTests(deed.selection);
  const payloads = deed.validOnly && (await payloadCheck(session.context.jobTypes));
  const { name, protected: isProtected } = session.context;
  const plan = async (): Promise<Plan> => {
    const { reader, stateDir } = session;
    const guarded = deed.verb === 'replay' && deed.force !== true;
    const unread = new Set<string>();
    const books = { context: name, stateDir, unread: (run: string) => void unread.add(run) };
    const loops = guarded ? await loopsIn(reader, books, deed.selection, tests) : [];
    const made = await planAction(reader, { ...deed, context: name, protected: isProtected, tests, payloads });
    const warnings = [...made.warnings, ...[...unread].map(unreadLine)];
    return forewarned(await sparing({ ...made, warnings }, loops, stateDir), session);
  };
  const engine = (made: Plan): Engine =>
    engineFor(made, {
      adapter: deed.spread === undefined ? session.adapter : session.slowed(rateFor(made, deed.spread)),
      tests,
      payloads,
      source: (task, from) => sourceOf(task, from, session.stateDir),
    });
  const { keep } = ports;
  const named = keep && (async (made: Plan) => keep(await withIds(session.reader, made, tests)));
  return await runOperation(plan, engine, { ...ports, ...(named && { keep: named }) }, pace);
}

const unreadLine = (run: string): string =>
  `The journal of the run ${run} cannot be read: what it replayed is not counted.`;

/** Jobs a second, so that the last one comes when the time is over. */
const rateFor = ({ matched, limit }: Plan, seconds: number): number =>
  Math.max(1, Math.min(matched.value, limit ?? matched.value)) / seconds;

import type { QueueReader } from '../domain/adapter.ts';
import { type Identity, isSameDatabase, type Place } from '../domain/identity.ts';
import type { Plan } from '../domain/plan.ts';

/** Whether a plan was made for this backend, by its name or by what it is. Asks the backend once, and only when the names differ. */
export function hereIn(context: string, reader: QueueReader): (plan: Place) => Promise<boolean> {
  const { name: backend, where } = reader.backend;
  let asked: Promise<Identity | undefined> | undefined;
  return async (plan) => {
    if (plan.where === where) return true;
    if (plan.identity === undefined) return false;
    asked ??= Promise.resolve(reader.identity?.());
    return isSameDatabase(plan, { context, backend, where, identity: await asked });
  };
}

/** The plan, with what tells its place apart. Only for what is kept: it is a round trip. */
export async function identified(plan: Plan, reader: QueueReader): Promise<Plan> {
  const identity = await reader.identity?.();
  return identity === undefined ? plan : { ...plan, identity };
}

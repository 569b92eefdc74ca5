import { readState, writeState } from './demo-state.ts';
import type { Guest, GuestName, GuestState } from './guest.ts';
import { media } from './media/guest.ts';
import { orders } from './orders/guest.ts';
import { isRunning, stopProcess } from './own-process.ts';

export const guests: readonly Guest[] = [media, orders];

export const guestNamed = (name: GuestName): Guest => (name === media.name ? media : orders);

/** Starts what is missing of them, each where this machine has what it takes. */
export async function addGuests(folder: string, worker: boolean, say: (text: string) => void): Promise<void> {
  for (const guest of guests) {
    const why = await guest.missing();
    if (why === undefined) await addGuest(folder, guest, worker, say);
    else say(`${guest.title} is left out: ${why}.`);
  }
}

async function addGuest(folder: string, guest: Guest, worker: boolean, say: (text: string) => void): Promise<void> {
  const before = await known(folder, guest.name);
  const runs = before !== undefined && (await isRunning(before.server));
  if (before?.worker !== undefined && !runs) await stopProcess(before.worker);
  const state = runs ? before : await begin(folder, guest, say);
  if (!worker || (state.worker !== undefined && (await isRunning(state.worker)))) return;
  await remember(folder, { ...state, worker: await guest.work(folder, state.url) });
}

/** Written down before it is filled: whatever happens then, `down` finds it. */
async function begin(folder: string, guest: Guest, say: (text: string) => void): Promise<GuestState> {
  const state = { name: guest.name, ...(await guest.serve(folder)) };
  await remember(folder, state);
  const jobs = await guest.fill(state.url);
  say(`${guest.title} runs too, with ${jobs} jobs in the queue ${guest.queue}.`);
  return state;
}

const known = async (folder: string, name: GuestName): Promise<GuestState | undefined> =>
  (await readState(folder))?.guests?.find((one) => one.name === name);

async function remember(folder: string, guest: GuestState): Promise<void> {
  const state = await readState(folder);
  if (state === undefined) return;
  const others = (state.guests ?? []).filter(({ name }) => name !== guest.name);
  await writeState(folder, { ...state, guests: [...others, guest] });
}

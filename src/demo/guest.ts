import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProcessIdentity } from '../safety/process-identity.ts';

/** What the demo starts beside its Postgres, where this machine has it. */
export interface Guest {
  readonly name: GuestName;
  /** As it is called in sentences. */
  readonly title: string;
  /** Why it cannot be started here, and what to do about it; undefined where it can. */
  missing(): Promise<string | undefined>;
  /** Starts its server, still empty. */
  serve(folder: string): Promise<Served>;
  /** Puts its incident in; how many jobs that are. */
  fill(url: string): Promise<number>;
  work(folder: string, url: string): Promise<ProcessIdentity>;
  /** The variables by which jobctl finds it. */
  variables(url: string): Readonly<Record<string, string>>;
  /** The queue to look at first. */
  readonly queue: string;
}

export type GuestName = 'bullmq' | 'sqs';

export interface Served {
  readonly server: ProcessIdentity;
  readonly url: string;
}

/** What is written down of one that was started. */
export interface GuestState extends Served {
  readonly name: GuestName;
  readonly worker?: ProcessIdentity | undefined;
}

/** True where this package can be imported from here. */
export const isInstalled = (name: string): boolean =>
  (createRequire(import.meta.url).resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name)));

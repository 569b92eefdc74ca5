/** Whether the workers take jobs from a queue, and by which means that can be changed. */
export interface PauseState {
  readonly paused: boolean;
  /** What a later resume needs to put everything back as it was, in the adapter's own words. JSON; kept in the run's plan. */
  readonly found: Readonly<Record<string, unknown>>;
  /** One line for each thing that a pause touches: `queue flag`, `mapping 3f… of function send-email (Enabled)`. */
  readonly means: readonly string[];
  /** What to know before saying yes, one line each. */
  readonly warnings?: readonly string[] | undefined;
}

export interface PauseScope {
  /** Also what adds jobs by itself. */
  readonly schedules?: boolean | undefined;
  /** These alone: the workers go on. */
  readonly only?: 'schedules' | undefined;
  /** Of a resume: what the pause found, so that only that is looked at. */
  readonly found?: PauseState['found'] | undefined;
}

/** Hears, again and again, what a change that was accepted still waits for. */
export type Waits = (forWhat: string) => void;

/**
 * Stops workers from taking jobs, without touching a job. Each write is verified: it resolves only when the backend shows
 * the new state. Doing what is already so changes nothing.
 */
export interface Pauses {
  /** True where a pause can also stop what adds jobs by itself. */
  readonly schedules?: true | undefined;
  look(queue: string, scope?: PauseScope): Promise<PauseState>;
  /** Throws where nobody knows what a resume of a paused queue is to put back; asked before the plan is shown. `found`: as of `resume`. */
  permitResume?(queue: string, found?: PauseState['found']): void;
  /** `found`: what `look` said before. */
  pause(queue: string, found?: PauseState['found'], waits?: Waits): Promise<PauseState>;
  /** `found`: what `look` said before the pause; without it everything that a pause touches is started. */
  resume(queue: string, found?: PauseState['found'], waits?: Waits): Promise<PauseState>;
}

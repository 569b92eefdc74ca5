/** Something that is set up in a way that will hurt one day. It is a fact of the set-up, not of the jobs of this hour. */
export interface DoctorFinding {
  /** Stable, for scripts: `visibility-too-short`. */
  readonly id: string;
  /** `problem`: jobs are lost or run twice by it; `warning`: they will be in some circumstances. */
  readonly severity: 'problem' | 'warning';
  readonly queue?: string | undefined;
  /** What is so, with its values. */
  readonly what: string;
  /** What follows from it. */
  readonly why?: string | undefined;
  /** What to do, best first. */
  readonly next: readonly string[];
}

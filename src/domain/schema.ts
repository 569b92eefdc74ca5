/** One thing found about the tables of a queue library. Only warnings and problems ask for something to be done. */
export interface SchemaFinding {
  readonly level: 'ok' | 'hint' | 'warning' | 'problem';
  readonly text: string;
  /** A command or a statement, to be copied. */
  readonly next?: string | undefined;
}

export interface SchemaCheck {
  /** `postgres/procrastinate`; `postgres` alone where no library, or more than one, was found. */
  readonly backend: string;
  /** `3.4+`, `none`, `several`, `unknown`. */
  readonly version: string;
  readonly where: string;
  readonly findings: readonly SchemaFinding[];
}

export interface SchemaApplied {
  readonly backend: string;
  readonly version: string;
  readonly where: string;
}

/** The backend's own schema: what the library's tables must be, and how they come to be there. */
export interface SchemaAdmin {
  /** Without secrets. */
  readonly where: string;
  /** `writes`: also whether this role may carry out the writes. */
  check(options: { readonly writes: boolean }): Promise<SchemaCheck>;
  /** How many statements the script has. Throws `refused` where queue tables exist, `usage` where the script cannot be one transaction. */
  plan(script: string): Promise<{ readonly statements: number }>;
  /** All of it or nothing. */
  apply(script: string): Promise<SchemaApplied>;
  close(): Promise<void>;
}

export const needsAction = ({ findings }: Pick<SchemaCheck, 'findings'>): boolean =>
  findings.some(({ level }) => level === 'warning' || level === 'problem');

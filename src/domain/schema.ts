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

/** Tables of a library that the library itself makes, or brings up to its own version. */
export interface LibraryTarget {
  readonly dialect: string;
  readonly schema: string;
  /** The version of the tables, as the library counts it; undefined where there are none yet. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** What brings the tables into being. */
export interface SchemaScript {
  /** The file, or the command that printed it. */
  readonly source: string;
  readonly text: string;
  /** Written by the library: it may end its own transaction, and go on outside of one. */
  readonly library?: LibraryTarget | undefined;
}

/** The library's own program in place of a script. */
export interface SchemaProgram {
  readonly source: string;
  readonly library: LibraryTarget;
  readonly steps: number;
  run(): Promise<void>;
}

export interface SchemaSteps {
  readonly statements: number;
  /** Of these, how many come after the transaction, each by itself. */
  readonly outside: number;
}

/** What is to be done, as it is shown beforehand. */
export interface SchemaPlan {
  readonly context: string;
  readonly where: string;
  readonly source: string;
  /** Of the script; of a library's own program the migrations. */
  readonly statements: number;
  /** Of these, how many come after the transaction; undefined where the library sees to that itself. */
  readonly outside?: number | undefined;
  /** The library that does it, and from where to where. */
  readonly library?: LibraryTarget | undefined;
}

/** The backend's own schema: what the library's tables must be, and how they come to be there. */
export interface SchemaAdmin {
  /** Without secrets. */
  readonly where: string;
  /** `writes`: also whether this role may carry out the writes. */
  check(options: { readonly writes: boolean }): Promise<SchemaCheck>;
  /** The version of this library's tables, as the library counts it; undefined without any. Throws `unsupported` for a team's own tables. */
  present(dialect: string, schema: string): Promise<number | undefined>;
  /** How many statements the script has. Throws `refused` where queue tables exist that it is not for, `usage` where it cannot be one transaction. */
  plan(script: SchemaScript): Promise<SchemaSteps>;
  /** All of its transaction or nothing. */
  apply(script: SchemaScript): Promise<SchemaApplied>;
  /** Lets the library do it, then looks at what became of it. */
  carryOut(program: SchemaProgram): Promise<SchemaApplied>;
  close(): Promise<void>;
}

export const needsAction = ({ findings }: Pick<SchemaCheck, 'findings'>): boolean =>
  findings.some(({ level }) => level === 'warning' || level === 'problem');

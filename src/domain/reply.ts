/** What a worker answered to a job that asked for an answer. */
export interface Reply {
  readonly ok: boolean;
  /** What went wrong, in the worker's words: nothing is taken out of it yet. */
  readonly error?: string | undefined;
  /** Why the answer lies there still; missing once it was deleted. */
  readonly left?: string | undefined;
}

/** A queue in which workers answer. Others may wait for theirs in it as well. */
export interface ReplyQueue {
  readonly name: string;
  /** By what a worker finds it. */
  readonly address: string;
  /** What looking into it does to what lies there, in a sentence. */
  readonly caution: string;
  /** How many messages were met that are none of ours. */
  readonly others: number;
  /** The answer with this mark, which is deleted; undefined when it is not there. What else is met is let go. */
  look(mark: string): Promise<Reply | undefined>;
  /** Lets go of what is held. */
  letGo(): Promise<void>;
}

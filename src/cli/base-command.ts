import { Command, Errors, type Interfaces } from '@oclif/core';
import type { BackendInfo, QueueReader } from '../domain/adapter.ts';
import { ExitCode, JobctlError } from '../domain/errors.ts';
import type { Selection } from '../domain/selection.ts';
import { errorText } from '../output/error-text.ts';
import type { Page } from '../output/page.ts';
import { hang } from '../output/text-width.ts';
import { warningsText } from '../output/warning-text.ts';
import { maskSecrets } from '../safety/mask.ts';
import { safeJson } from '../safety/safe-json.ts';
import { shellWord } from '../safety/shell-word.ts';
import { asFailure, failureJson, isReaderGone } from './failure.ts';
import { globalFlags } from './flags.ts';
import { onHangUp } from './hang-up.ts';
import { placed } from './placed.ts';
import { openSession, type Session } from './session.ts';
import { letGoOnSignal } from './stop-signal.ts';
import { pageFor } from './terminal.ts';

export type GlobalFlags = Interfaces.InferredFlags<typeof globalFlags>;

/** What every command shares: global flags, where its text goes, how it fails. */
export abstract class JobctlCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = globalFlags;
  #untold: Error | undefined;

  /** The page of stdout. */
  protected page(flags: { readonly 'no-color'?: boolean }): Page {
    return pageFor(process.stdout, flags['no-color'] === true);
  }

  /** The result, for a person. With --json it stays silent: there the returned value is the result. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** Everything that is not the result. */
  protected say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** What is to follow, as it is shown beside a result: copied as it stands, it leads to the same place. */
  protected following(next: readonly string[]): string[] {
    return placed(next, this.argv).map(maskSecrets);
  }

  /** How far something has come, for a person: a program waits for the answer. */
  protected readonly sayHowFar = (text: string): void => {
    if (!this.jsonEnabled()) this.say(text);
  };

  /** This command, as it is typed, with what it is about. */
  protected words(about: readonly string[]): string {
    return [(this.id ?? '').replaceAll(':', ' '), ...about.map(shellWord)].join(' ');
  }

  /** Names as they are typed in a shell. */
  protected typed(names: readonly string[]): string {
    return names.map(shellWord).join(' ');
  }

  /** A session to look with. What the backend has to say beforehand is said at once; a write says it in its plan. */
  protected async open(flags: GlobalFlags): Promise<Session> {
    const session = await openSession({ ...flags, json: this.jsonEnabled() }, { tell: this.sayHowFar });
    const { warnings } = session.reader.backend;
    if (warnings.length > 0) this.say(warningsText({ warnings }, pageFor(process.stderr, flags['no-color'])));
    return session;
  }

  /**
   * The same for a command that looks at jobs: where that leaves a trace, it is said, and nothing stays hidden afterwards.
   * `refuse` throws where there is nothing to look at.
   */
  protected async openToLook(flags: GlobalFlags, refuse?: (backend: BackendInfo) => void): Promise<Session> {
    const session = await this.open(flags);
    try {
      refuse?.(session.reader.backend);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    if (session.reader.reads === 'peek') return session;
    const { width } = pageFor(process.stderr, flags['no-color']);
    const trace = 'Looking counts as a receive: messages are hidden meanwhile, and each receive count goes up by one.';
    this.say(hang('', trace, width));
    const stay = letGoOnSignal(session.reader);
    return {
      ...session,
      [Symbol.asyncDispose]: async () => {
        stay();
        await session[Symbol.asyncDispose]();
      },
    };
  }

  /** After a look at all of these: whether it missed some, which is said. */
  protected async missedSome(reader: QueueReader, selection: Selection, flags: GlobalFlags): Promise<boolean> {
    const unmet = await reader.unmet?.(selection);
    if (unmet !== undefined) this.warned(unmet, flags);
    return unmet !== undefined;
  }

  protected warned(text: string, flags: GlobalFlags): void {
    this.say(warningsText({ warnings: [text] }, pageFor(process.stderr, flags['no-color'])));
  }

  override async init(): Promise<void> {
    await super.init();
    // oclif would take what is piped in for an argument that was left out: of a loop's next lines, one would name a queue
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true;
    onHangUp();
    process.stdout.removeAllListeners('error'); // oclif's own throws what a closed terminal answers
    // what is still written goes nowhere, and a write runs to its end all the same
    process.stderr.on('error', () => {});
    process.stdout.on('error', (error) => this.#lost(error));
  }

  /** Of the result, on a full disk for example: told once, and no success. */
  #lost(error: Error): void {
    if (isReaderGone(error) || this.#untold !== undefined) return;
    this.#untold = error;
    process.once('exit', () => {
      process.exitCode ||= ExitCode.unexpected;
    });
    this.#tell(
      new JobctlError('unexpected', `stdout cannot be written: ${error.message}.`, {
        next: ['jobctl run list   # a write was carried out all the same'],
      }),
    );
  }

  /** What is to follow leads to the same place, for a program as for a person. */
  protected override toSuccessJson(result: unknown): unknown {
    const { next } = (result ?? {}) as { readonly next?: unknown };
    if (!Array.isArray(next)) return result;
    return { ...(result as object), next: this.following(next as string[]) };
  }

  override logJson(value: unknown): void {
    process.stdout.write(`${safeJson(value, 2)}\n`);
  }

  /** The one place where a failure becomes text and an exit code. */
  override async catch(error: Error & { oclif?: { exit?: number } }): Promise<void> {
    if (error instanceof Errors.ExitError) throw error;
    const failure = asFailure(error);
    process.exitCode = failure.exitCode;
    if (this.#untold === undefined || error !== this.#untold) this.#tell(failure);
    if (this.argv.includes('--debug')) this.say(maskSecrets(stackOf(error)));
  }

  #tell(failure: JobctlError): void {
    const next = placed(failure.next, this.argv);
    if (this.jsonEnabled()) this.say(safeJson(failureJson(failure, next)));
    else {
      const page = pageFor(process.stderr, this.argv.includes('--no-color'));
      this.say(maskSecrets(errorText({ message: failure.message, next }, page)));
    }
  }
}

function stackOf(error: unknown): string {
  const lines: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) lines.push(cause.stack ?? cause.message);
  return lines.join('\ncaused by: ');
}

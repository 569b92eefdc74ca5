import type { Interfaces } from '@oclif/core';
import type { Action, Resolution } from '../domain/action.ts';
import { type JobState, jobStates } from '../domain/job.ts';
import type { Report, Verb } from '../domain/plan.ts';
import { actOn } from './act.ts';
import { JobctlCommand } from './base-command.ts';
import { type CarefulFlags, canaryOf, carefully } from './careful.ts';
import { isNarrowed, readSelection, type SelectionFlags } from './criteria.ts';
import { planFlags, writeFlags } from './flags.ts';
import { RunCommand } from './run-command.ts';
import type { Session } from './session.ts';
import { refuseUntoldStates } from './untold.ts';

/** An active job belongs to its worker. */
export const removable = jobStates.filter((state) => state !== 'active');

export type WriteFlags = Interfaces.InferredFlags<typeof WriteCommand.baseFlags>;

export interface ActRequest {
  readonly verb: Verb;
  readonly queues: readonly string[];
  readonly states: readonly JobState[];
  readonly stuck?: boolean | undefined;
  readonly resolved?: true | undefined;
  readonly takenForDead?: true | undefined;
  readonly action: Action | Resolution;
}

/** What every write on jobs shares: the limits, the pace, the selection. */
export abstract class WriteCommand extends RunCommand {
  static override baseFlags = { ...JobctlCommand.baseFlags, ...writeFlags, ...planFlags };

  /** A verb on the jobs that the selection flags name. */
  protected act(
    flags: WriteFlags & SelectionFlags,
    request: (session: Session) => Promise<ActRequest>,
    careful?: CarefulFlags,
  ): Promise<Report> {
    return this.write(flags, async (session, ports, pace) => {
      const { verb, queues, states, action, ...more } = await request(session);
      // what it cannot do at all is refused for its own reason
      if (session.adapter.can[action.verb]?.level !== 'none') {
        const command = this.words(queues.length === 1 ? queues : ['--all-queues']);
        refuseUntoldStates(session.reader.backend, { states, command, narrowed: isNarrowed(flags), of: removable });
      }
      const chosen = await readSelection(flags, queues, states, session.reader);
      const selection = { ...chosen, ...more };
      const { limit, reason } = flags;
      const deed = { verb, selection, action, limit, reason };
      if (careful === undefined) return await actOn(session, ports, pace, deed);
      const canary = canaryOf(careful, session, pace.signal, (text) => this.say(text));
      return await actOn(session, ports, { ...pace, canary }, { ...deed, ...carefully(careful) });
    });
  }
}

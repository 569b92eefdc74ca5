import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import { type ConfirmOptions, confirmer } from '../../src/safety/confirm.ts';
import { planFor } from './saved-jobs.ts';

type Answer = boolean | string | undefined;

/** Someone who gives one answer; `asked` keeps the questions. */
function person(answer?: Answer): { prompt: ConfirmOptions['prompt']; asked: string[] } {
  const asked: string[] = [];
  const reply = async <T>(question: string): Promise<T> => {
    asked.push(question);
    return answer as T;
  };
  return { asked, prompt: { yesNo: reply, text: reply } };
}

const terminal = { tty: true, json: false, input: true, yes: false };
const pipe = { ...terminal, tty: false };
const severe = planFor(['email'], { verb: 'remove', severity: 'severe' });
const ask = (plan: Plan, options: Omit<ConfirmOptions, 'prompt'>, answer?: Answer): Promise<void> =>
  confirmer({ ...options, prompt: person(answer).prompt })(plan);
const code = (name: string, next?: string): object => ({
  code: `JOBCTL_${name}`,
  ...(next === undefined ? {} : { next: [next] }),
});

describe('a normal plan', () => {
  it('asks at a terminal', async () => {
    const { prompt, asked } = person(true);
    await confirmer({ ...terminal, prompt })(planFor(['email'], { limit: 7, matched: { value: 40, exact: false } }));
    expect(asked).toEqual(['Replay ~7 jobs in email (context prod)?']);
    await expect(ask(planFor(), terminal, false)).rejects.toMatchObject({ ...code('CANCELLED'), exitCode: 130 });
    await expect(ask(planFor(), terminal, undefined)).rejects.toMatchObject(code('CANCELLED'));
  });

  it('goes ahead with --yes, asked or not', async () => {
    for (const options of [terminal, pipe, { ...terminal, json: true }, { ...terminal, input: false }]) {
      const { prompt, asked } = person(false);
      await confirmer({ ...options, yes: true, prompt })(planFor());
      expect(asked).toEqual([]);
    }
  });

  it.each([pipe, { ...terminal, json: true }, { ...terminal, input: false }])(
    'is refused where nobody can be asked: %j',
    async (options) => {
      await expect(ask(planFor(), options, true)).rejects.toMatchObject({
        ...code('REFUSED', 'Add --yes'),
        exitCode: 4,
      });
    },
  );

  it('takes the right name as well, and refuses a wrong one even with --yes', async () => {
    await ask(planFor(), { ...pipe, confirm: 'email' });
    await expect(ask(planFor(), { ...pipe, yes: true, confirm: 'sms' })).rejects.toMatchObject(
      code('REFUSED', 'Add --confirm email'),
    );
  });
});

describe('a severe plan', () => {
  it('wants the name of the queue typed', async () => {
    const { prompt, asked } = person('email');
    await confirmer({ ...terminal, prompt })(severe);
    expect(asked).toEqual(['Remove 40 jobs in email (context prod)? Type email to confirm']);
    await expect(ask(severe, terminal, 'Email')).rejects.toMatchObject({
      ...code('REFUSED'),
      message: expect.stringContaining('"email"'),
    });
    await expect(ask(severe, terminal, '')).rejects.toMatchObject(code('CANCELLED'));
    await expect(ask(severe, terminal, undefined)).rejects.toMatchObject(code('CANCELLED'));
  });

  it('wants the name of the context where there are several queues', async () => {
    const several = planFor(['email', 'sms'], { severity: 'severe' });
    await ask(several, { ...pipe, confirm: 'prod' });
    await expect(ask(several, { ...pipe, confirm: 'email' })).rejects.toMatchObject(
      code('REFUSED', 'Add --confirm prod'),
    );
  });

  it('is never satisfied by --yes', async () => {
    await expect(ask(severe, { ...pipe, yes: true })).rejects.toMatchObject({
      ...code('REFUSED', 'Add --confirm email'),
      message: expect.stringContaining('--yes is not enough'),
    });
    const { prompt, asked } = person('email');
    await confirmer({ ...terminal, yes: true, prompt })(severe);
    expect(asked).toHaveLength(1);
  });

  it.each([pipe, { ...terminal, json: true }, { ...terminal, input: false }])(
    'is refused where nobody can be asked: %j',
    async (options) => {
      await expect(ask(severe, options, 'email')).rejects.toMatchObject(code('REFUSED', 'Add --confirm email'));
      await ask(severe, { ...options, confirm: 'email' });
    },
  );

  it('names the flag so that it can be pasted, and no queue name can steer the terminal', async () => {
    const odd = planFor(["it's \x1b[2J"], { severity: 'severe' });
    await expect(ask(planFor(["it's"], { severity: 'severe' }), pipe)).rejects.toMatchObject(
      code('REFUSED', "Add --confirm 'it'\\''s'"),
    );
    const { prompt, asked } = person('x');
    await expect(confirmer({ ...terminal, prompt })(odd)).rejects.toThrow();
    expect(asked[0]).not.toContain('\x1b');
  });
});

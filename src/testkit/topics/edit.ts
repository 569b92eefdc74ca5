import { expect } from 'vitest';
import { payloadValue } from '../../domain/payload.ts';
import { act, inState, jobOf, replay, told } from '../act.ts';
import { opsOf, type Topic } from '../topic.ts';

const payload = '{"to":"grace@example.com","list":[1,2,{"deep":null}],"n":9007199254740993}';

export const edit: Topic = {
  name: 'edit',
  checks: {
    'changes the payload of a dead job and nothing else': async (bench) => {
      const [id = '', other = ''] = await bench.seed('letters', [
        { state: 'dead', payload: '{"to":1}' },
        { state: 'dead', payload: '{"to":2}' },
      ]);
      const before = await jobOf(bench.adapter, 'letters', id);
      const untouched = await jobOf(bench.adapter, 'letters', other);
      const { outcomes } = await act(
        opsOf(bench, 'edit'),
        { ...inState('letters', 'dead'), ids: [id] },
        { verb: 'edit', payload },
      );
      expect(told(outcomes)).toEqual([`${id}: done`]);
      const now = await jobOf(bench.adapter, 'letters', id);
      expect(payloadValue(now.payload)).toEqual(payloadValue(payload));
      expect({ ...now, payload: before.payload }).toEqual(before);
      expect(await jobOf(bench.adapter, 'letters', other)).toEqual(untouched);
    },
    'gives the new payload to whoever replays': async (bench) => {
      const [id = ''] = await bench.seed('letters', [{ state: 'dead', payload: '{"to":1}' }]);
      await act(opsOf(bench, 'edit'), { ...inState('letters', 'dead'), ids: [id] }, { verb: 'edit', payload });
      await act(opsOf(bench, 'replay'), inState('letters', 'dead'), replay);
      const now = await jobOf(bench.adapter, 'letters', id);
      expect([now.state, payloadValue(now.payload)]).toEqual(['waiting', payloadValue(payload)]);
    },
    'leaves alone what is not dead': async (bench) => {
      const states = [...bench.holds.states].filter((state) => state !== 'dead');
      const ids = await bench.seed(
        'letters',
        states.map((state) => ({ state })),
      );
      const before = await bench.dump();
      const { outcomes } = await act(
        opsOf(bench, 'edit'),
        { ...inState('letters', ...states), ids },
        { verb: 'edit', payload },
      );
      expect(outcomes.filter(({ result }) => result !== 'skipped')).toEqual([]);
      expect(await bench.dump()).toBe(before);
    },
  },
};

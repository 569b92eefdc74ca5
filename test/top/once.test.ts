import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { plainStyle } from '../../src/output/page.ts';
import { jsonSchemaOf } from '../../src/output/schemas.ts';
import { sanitise } from '../../src/safety/sanitise.ts';
import type { Desk } from '../../src/top/desk.ts';
import { lookOnce, onceJson, onceText } from '../../src/top/once.ts';
import { flood, look, place } from './scene.ts';

const clean = (text: string): string => sanitise(text, { newlines: true });
const page = { width: 80, style: plainStyle, clean };
const desk = (name: string, seen: Desk['look']): Desk => ({ ...place(name), look: seen }) as Desk;
const good = desk('prod', async () => look(flood));
const away = desk('staging', async () => {
  throw new Error('no route to host');
});

it('prints the overview, the worst first, and what could not be reached', async () => {
  const state = await lookOnce([good, away], 80);
  expect(`${onceText(state, { ...page, colour: false, unicode: true }, page)}\n`).toMatchInlineSnapshot(`
    "prod · postgres/procrastinate 3.9 · 2026-11-24T03:41:09Z · 3 workers, 1 silent
    staging · NOT REACHED: no route to host
        QUEUE           CONTEXT   WAITING  OLDEST ACTIVE    DEAD FINDING
      ! email           prod           12    1h1m      0     412 300 died in 5m
        webhooks        prod       90,000      1m      4       0
        reports         prod            0       -      0       0
    "
  `);
});

it('tells the same as JSON, by its schema', async () => {
  const json = onceJson(await lookOnce([good, away], 80));
  const check = new Ajv2020({ allErrors: true }).compile(JSON.parse(jsonSchemaOf('top')));
  expect(check(JSON.parse(JSON.stringify(json))), JSON.stringify(check.errors)).toBe(true);
  expect(json.contexts.map(({ context, queues }) => [context, queues.map(({ queue }) => queue)])).toEqual([
    ['prod', ['email', 'webhooks', 'reports']],
    ['staging', []],
  ]);
});

it('shows only the queues that were asked for', async () => {
  const json = onceJson(await lookOnce([good], 80, 'MAIL'));
  expect(json.contexts.flatMap(({ queues }) => queues.map(({ queue }) => queue))).toEqual(['email']);
});

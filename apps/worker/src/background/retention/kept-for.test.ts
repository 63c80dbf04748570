import { expect, it } from 'vitest';
import { keptForMs } from './kept-for.ts';

const DAY_S = 86_400;
const WEEK_MS = 7 * DAY_S * 1000;

it.each([
  ['the installation alone', null, undefined, 7 * DAY_S],
  ['the default of the tenant', null, { defaultS: DAY_S }, DAY_S],
  ['the request before the default of the tenant', 3600, { defaultS: DAY_S }, 3600],
  ['a request within the maximum', 3600, { maximumS: DAY_S }, 3600],
  ['the maximum before the request', 30 * DAY_S, { maximumS: DAY_S }, DAY_S],
  ['the maximum before the default of the tenant', null, { defaultS: 9 * DAY_S, maximumS: 2 * DAY_S }, 2 * DAY_S],
  ['the maximum before the installation', null, { maximumS: DAY_S }, DAY_S],
])('follows %s', (_, retainForS, retention, seconds) => {
  const tenant = retention ? { retention } : {};
  expect(keptForMs({ retainForS }, tenant, WEEK_MS)).toBe(seconds * 1000);
});

it('follows the installation for a tenant without a record', () => {
  expect(keptForMs({ retainForS: null }, null, WEEK_MS)).toBe(WEEK_MS);
});

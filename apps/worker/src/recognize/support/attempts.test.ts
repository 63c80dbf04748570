import { TransientError } from '@cardseal/base/errors';
import { expect, it } from 'vitest';
import { recordRefused } from './attempts.ts';
import type { Work } from './work.ts';

it('keeps the first and the newest calls of a job that probes through a long outage', () => {
  const work = { attempts: [] } as unknown as Work;
  const error = new TransientError('upstream_timeout', { fields: { upstreamClass: 'transient', billed: 'unknown' } });
  for (let second = 0; second < 3000; second++) recordRefused(work, 'front', second * 1000, error);
  const times = work.attempts.map(({ at }) => Date.parse(at) / 1000);
  expect(times).toHaveLength(100);
  expect(times.slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2910]);
  expect(times.at(-1)).toBe(2999);
});

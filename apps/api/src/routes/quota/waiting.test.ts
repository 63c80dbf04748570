import { type LiveHint, type QueueSnapshot, startAtMs } from '@cardseal/core/queue';
import { describe, expect, it } from 'vitest';
import { poolState } from './pool-watch.ts';
import { waitingOf } from './waiting.ts';

const NOW = 1_800_000_000_000;
const open = { gate: { state: 'open' }, currentQps: 10 } as never;
const closed = (until?: number) =>
  ({ gate: { state: 'closed', reason: 'daily_quota', until }, currentQps: 10 }) as never;
const look: QueueSnapshot = {
  interactiveWaiting: 50,
  allWaiting: 50,
  active: 0,
  callsPerCard: 2,
  rank: 20,
  dueAtMs: 0,
};
const hint = (standing: Partial<QueueSnapshot> = {}, rest: Partial<LiveHint> = {}): LiveHint => ({
  active: false,
  waitingFor: 'worker',
  attempts: [],
  standing: { ...look, ...standing },
  cardClass: 'interactive',
  ...rest,
});

describe('why a card waits and until when', () => {
  it('in line: those before it, at two calls each and ten calls a second', () => {
    expect(waitingOf(hint(), poolState([open], NOW), NOW)).toEqual({ waitingFor: 'worker', startAtMs: NOW + 4000 });
  });

  it('several credentials add up, closed ones do not count', () => {
    const pool = poolState([open, open, closed(NOW + 1e6)], NOW);
    expect(waitingOf(hint(), pool, NOW).startAtMs).toBe(NOW + 2000);
  });

  it('at closed gates it waits for the quota, from the reopening on', () => {
    const pool = poolState([closed(NOW + 60_000), closed(NOW + 30_000)], NOW);
    expect(waitingOf(hint(), pool, NOW)).toEqual({ waitingFor: 'quota', startAtMs: NOW + 30_000 + 2000 });
    expect(waitingOf(hint(), poolState([closed()], NOW), NOW)).toEqual({ waitingFor: 'quota', startAtMs: null });
  });

  it('a delayed job returns at its time; an active job does not wait', () => {
    const later = hint({ rank: -1, dueAtMs: NOW + 700 }, { waitingFor: 'retry' });
    expect(waitingOf(later, null, NOW)).toEqual({ waitingFor: 'retry', startAtMs: NOW + 700 });
    expect(waitingOf(hint({}, { active: true }), null, NOW)).toEqual({ waitingFor: null, startAtMs: null });
  });

  it('bulk waits behind interactive, but gets one start in ten', () => {
    const bulk = hint({ rank: 1003, interactiveWaiting: 1000, allWaiting: 1010 }, { cardClass: 'bulk' });
    expect(waitingOf(bulk, poolState([open], NOW), NOW).startAtMs).toBe(NOW + 39 * 200);
    const behindBulk = hint({ rank: 90, interactiveWaiting: 100, allWaiting: 200 });
    expect(waitingOf(behindBulk, poolState([open], NOW), NOW).startAtMs).toBe(NOW + 100 * 200);
  });

  it('cards in hand that have not called yet come before it, those on the wire do not', () => {
    const busy = hint({ active: 12 });
    expect(waitingOf(busy, poolState([open], NOW, 400), NOW).startAtMs).toBe(NOW + 4000 + 10 * 200);
  });

  it('a rate of nothing promises nothing', () => {
    expect(startAtMs(3, { callsPerCard: 1, callsPerSecond: 0, openAtMs: NOW })).toBe(null);
  });
});

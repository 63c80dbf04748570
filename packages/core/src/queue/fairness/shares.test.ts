import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BAND, type JobClass, MOVE_AT, moveAxis, newShares, place, SPAN, start } from './shares.ts';

interface Queued {
  priority: number;
  sequence: number;
  tenant: string;
  calls: number;
  cardClass: JobClass;
}

/** The queue as it is in Redis: by priority, then by arrival. */
function drain(
  queued: Queued[],
  until: (served: Queued[], interactiveLeft: number) => boolean,
  shares = newShares(),
): Queued[] {
  const sorted = [...queued].sort((a, b) => a.priority - b.priority || a.sequence - b.sequence);
  const interactive = sorted.filter(({ cardClass }) => cardClass === 'interactive');
  const bulk = sorted.filter(({ cardClass }) => cardClass === 'bulk');
  const served: Queued[] = [];
  let turn = false;
  let [i, b] = [0, 0];
  while (i + b < sorted.length && !until(served, interactive.length - i)) {
    const next = turn || i === interactive.length ? bulk[b++]! : interactive[i++]!;
    served.push(next);
    turn = start(shares, next.priority, b < bulk.length);
  }
  return served;
}

const card = (tenant: string, sequence: number, priority: number, calls = 1, cardClass: JobClass = 'interactive') => ({
  tenant,
  sequence,
  priority,
  calls,
  cardClass,
});

describe('shares of tenants', () => {
  it('the example of the queue facts: twelve, four and two cards in a row are mixed', () => {
    const shares = newShares();
    let sequence = 0;
    const add = (tenant: string, count: number) =>
      Array.from({ length: count }, () => card(tenant, sequence++, place(shares, 'interactive', tenant, 1)));
    const served = drain([...add('A', 12), ...add('B', 4), ...add('C', 2)], () => false);
    expect(served.map(({ tenant }) => tenant).join('')).toBe('ABCABCABABAAAAAAAA');
  });

  it('while all wait, calls are shared within 5 % of the weights, whatever the cards cost', () => {
    const tenants = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 10 }), calls: fc.constantFrom(1, 2) }), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(tenants, (all) => {
        const shares = newShares();
        const queued = all.flatMap(({ weight, calls }, at) =>
          Array.from({ length: 2000 }, (_, n) =>
            card(`t${at}`, at * 2000 + n, place(shares, 'interactive', `t${at}`, calls / weight), calls),
          ),
        );
        const waiting = new Map(all.map((_, at) => [`t${at}`, 2000]));
        const served = drain(queued, (done) => {
          const last = done.at(-1);
          if (last) waiting.set(last.tenant, waiting.get(last.tenant)! - 1);
          return [...waiting.values()].some((left) => left === 0);
        });
        const total = served.reduce((sum, { calls }) => sum + calls, 0);
        const weights = all.reduce((sum, { weight }) => sum + weight, 0);
        for (const [at, { weight }] of all.entries()) {
          const calls = served.filter(({ tenant }) => tenant === `t${at}`).reduce((sum, it) => sum + it.calls, 0);
          expect(Math.abs(calls / total / (weight / weights) - 1)).toBeLessThan(0.05);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('puts at most one of fifty thousand jobs of one tenant before the job of another tenant', () => {
    const shares = newShares();
    for (let n = 0; n < 50_000; n++) place(shares, 'interactive', 'big', 1);
    start(shares, BAND.interactive + 700, false);
    expect(place(shares, 'interactive', 'small', 1) - BAND.interactive).toBe(701);
  });

  it('does not charge a tenant later for time without competitors', () => {
    const shares = newShares();
    for (let n = 0; n < 100; n++) start(shares, place(shares, 'interactive', 'alone', 1), false);
    expect(place(shares, 'interactive', 'alone', 1)).toBe(place(shares, 'interactive', 'new', 1));
  });

  it('interactive comes before bulk, and bulk gets one start in ten', () => {
    const shares = newShares();
    const bulk = Array.from({ length: 500 }, (_, n) => card('b', n, place(shares, 'bulk', 'b', 1), 1, 'bulk'));
    const rest = Array.from({ length: 900 }, (_, n) => card('i', 500 + n, place(shares, 'interactive', 'i', 1)));
    const served = drain([...bulk, ...rest], (_, left) => left === 0);
    expect(served.slice(0, 9).every(({ cardClass }) => cardClass === 'interactive')).toBe(true);
    const share = served.filter(({ cardClass }) => cardClass === 'bulk').length / served.length;
    expect(share).toBeGreaterThan(0.095);
    expect(share).toBeLessThan(0.105);
  });

  it('no history leaves the range of priorities, and a move of the axis keeps the order', () => {
    const shares = newShares();
    shares.lanes.interactive.v = MOVE_AT;
    const before = ['a', 'b', 'c'].map((tenant, at) => place(shares, 'interactive', tenant, at + 1));
    const by = shares.lanes.interactive.v - 1;
    moveAxis(shares.lanes.interactive, by);
    const after = ['a', 'b', 'c'].map((tenant) => place(shares, 'interactive', tenant, 0));
    expect(after).toEqual(before.map((priority) => priority - by));
    for (let n = 0; n < 20; n++) place(shares, 'bulk', 'a', SPAN / 10);
    expect(place(shares, 'bulk', 'a', 1)).toBe(BAND.bulk + SPAN - 1);
    expect(BAND.bulk + SPAN - 1).toBeLessThan(2_097_152);
  });
});

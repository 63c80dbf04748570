import { createEndpointLimits } from '@cardseal/core/queue';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../bench/deliver/private-redis.ts';
import { NO_LANES, percentile, type SimulatedEndpoint, seeded, simulate } from '../../bench/deliver/simulation.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

let own: PrivateRedis;
beforeAll(async () => {
  own = await startPrivateRedis();
});
afterAll(() => own?.stop());
beforeEach(() => own.redis.flushall());

const healthy = (id: string): SimulatedEndpoint => ({ id, answer: () => ({ class: 'delivered', latencyMs: 100 }) });
const dead = (id: string): SimulatedEndpoint => ({ id, answer: () => ({ class: 'timeout', latencyMs: 15 * SECOND }) });

describe('isolation, with time simulated and Redis real', () => {
  const endpoints = Array.from({ length: 30 }, (_, n) => (n < 3 ? dead(`dead-${n}`) : healthy(`well-${n}`)));
  const run = (lanes: Parameters<typeof simulate>[0]['lanes']) =>
    simulate({
      endpoints,
      events: { perSecond: 150, count: 150 * 60 },
      slots: 100,
      untilMs: 90 * SECOND,
      lanes,
      random: seeded(1),
    });
  const waitsOfHealthy = (result: Awaited<ReturnType<typeof run>>) =>
    result.waits.filter(({ endpoint }) => endpoint.startsWith('well')).map(({ waitMs }) => waitMs);

  it('three dead receivers of thirty delay no other receiver', async () => {
    const waits = waitsOfHealthy(await run(createEndpointLimits(own.redis, '{sim}')));
    expect(waits).toHaveLength(150 * 60 * 0.9);
    expect(percentile(waits, 0.99)).toBe(0);
  });

  it('and without endpoint limits they do: the simulation can fail', async () => {
    const result = await run(NO_LANES);
    expect(percentile(waitsOfHealthy(result), 0.99)).toBeGreaterThan(SECOND);
  });
});

it('after an hour of outage a receiver is not overrun, and everything arrives', async () => {
  const endpoint: SimulatedEndpoint = {
    id: 'back',
    answer: (nowMs) => (nowMs < HOUR ? { class: 'throttling', latencyMs: 20 } : { class: 'delivered', latencyMs: 100 }),
  };
  const result = await simulate({
    endpoints: [endpoint],
    events: { perSecond: 2, count: 2 * 3600 },
    slots: 200,
    untilMs: 4 * HOUR,
    lanes: createEndpointLimits(own.redis, '{sim}'),
    random: seeded(2),
  });
  expect(result.delivered).toBe(2 * 3600);
  const during = result.tries.filter(({ atMs }) => atMs < HOUR).length;
  // One probe a minute once it counts as unavailable, not one attempt for each event.
  expect(during).toBeLessThan(200);
  const after = result.tries.filter(({ atMs }) => atMs >= HOUR);
  const perSecond = new Map<number, number>();
  for (const { atMs } of after) {
    const second = Math.floor(atMs / SECOND);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  const first = Math.min(...perSecond.keys());
  // From one at a time to ten within a second, then about ten a second more in each: a slow start, far below what the
  // highest cap would let through (fifty in flight of 100 ms each: 500 a second at once).
  for (const [second, count] of perSecond) expect(count).toBeLessThanOrEqual(115 + 12 * (second - first));
  expect(perSecond.get(first)).toBeLessThanOrEqual(60);
}, 240_000);

it('a receiver of limited rate gets no more than that, however much is due', async () => {
  const lane = { tenant: 't', endpoint: 'we_rate' };
  const lanes = createEndpointLimits(own.redis, '{rate}');
  const starts = async (rate: number | null) => {
    let started = 0;
    for (let nowMs = 0; nowMs < 10 * SECOND; nowMs += 50) {
      const id = `${rate}-${nowMs}`;
      const { verdict } = await lanes.acquire(lane, { id, late: false, lateRoom: true, rate, nowMs });
      if (verdict !== 'go') continue;
      started++;
      await lanes.release(lane, { id, outcome: 'ok', late: false, rate, nowMs });
    }
    return started;
  };
  const limited = await starts(4);
  expect(limited).toBeGreaterThanOrEqual(36);
  expect(limited).toBeLessThanOrEqual(40);
  await own.redis.flushall();
  expect(await starts(null)).toBe(200);
});

describe('an endpoint limit', () => {
  const lane = { tenant: 't', endpoint: 'we_1' };
  const input = { late: false, lateRoom: true, rate: null };

  it('lets in as many as its cap, wakes the first in line when one leaves, and knows who waits', async () => {
    const lanes = createEndpointLimits(own.redis, '{lane}');
    for (let n = 0; n < 10; n++) {
      expect((await lanes.acquire(lane, { ...input, id: `in-${n}`, nowMs: 0 })).verdict).toBe('go');
    }
    expect(await lanes.acquire(lane, { ...input, id: 'first', nowMs: 1 })).toMatchObject({ verdict: 'wait', place: 0 });
    expect(await lanes.acquire(lane, { ...input, id: 'second', nowMs: 2 })).toMatchObject({
      verdict: 'wait',
      place: 1,
    });
    expect(await lanes.stillWaits(lane, 'first')).toBe(true);
    const left = { id: 'in-0', outcome: 'none', late: false, rate: null, nowMs: 3 } as const;
    expect((await lanes.release(lane, left)).wake).toEqual([{ ids: ['first'], atMs: 0 }]);
    expect(await lanes.stillWaits(lane, 'first')).toBe(false);
  });

  it('halves on time-outs, and a worker that died gives its places back', async () => {
    const lanes = createEndpointLimits(own.redis, '{lane}');
    const failed = { outcome: 'throttle', late: false, rate: null, nowMs: 0 } as const;
    for (const id of ['a', 'b']) await lanes.release(lane, { ...failed, id });
    for (const id of ['c', 'd'])
      expect(await lanes.acquire(lane, { ...input, id, nowMs: 1 })).toMatchObject({ verdict: 'go' });
    expect(await lanes.acquire(lane, { ...input, id: 'e', nowMs: 1 })).toMatchObject({ verdict: 'wait' });
    expect(await lanes.acquire(lane, { ...input, id: 'e', nowMs: 91_000 })).toMatchObject({ verdict: 'go' });
  });

  it('is held for the requested time: one delivery returns then, the others wait after it', async () => {
    const lanes = createEndpointLimits(own.redis, '{lane}');
    await lanes.hold(lane, 5000);
    expect(await lanes.acquire(lane, { ...input, id: 'probe', nowMs: 0 })).toMatchObject({
      verdict: 'until',
      atMs: 5000,
    });
    expect(await lanes.acquire(lane, { ...input, id: 'other', nowMs: 1 })).toMatchObject({ verdict: 'wait' });
    expect(await lanes.acquire(lane, { ...input, id: 'probe', nowMs: 5000 })).toMatchObject({ verdict: 'go' });
  });

  it('keeps slots for first attempts: a late one without a slot waits until a late one ends', async () => {
    const lanes = createEndpointLimits(own.redis, '{lane}');
    const late = { ...input, late: true, lateRoom: false };
    expect(await lanes.acquire(lane, { ...late, id: 'retry', nowMs: 0 })).toMatchObject({ verdict: 'wait' });
    expect(await lanes.acquire(lane, { ...input, lateRoom: false, id: 'fresh', nowMs: 0 })).toMatchObject({
      verdict: 'go',
    });
    const ended = { id: 'x', outcome: 'ok', late: true, rate: null, nowMs: 1 } as const;
    const { wake } = await lanes.release({ tenant: 't', endpoint: 'we_2' }, ended);
    expect(wake).toEqual([{ ids: ['retry'], atMs: 0 }]);
  });
});

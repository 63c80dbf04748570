import { ThrottledError } from '@cardseal/base/errors';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { PacingEvent } from './credential-pool.ts';
import { createPacer, type Pacer, type PacerSettings } from './pacer.ts';
import { type PrivateRedis, startPrivateRedis } from './redis-for-tests.ts';

let server: PrivateRedis;
let names = 0;
const pacers: Pacer[] = [];

beforeAll(async () => {
  server = await startPrivateRedis();
});
afterAll(async () => {
  for (const pacer of pacers) pacer.stop();
  await server.stop();
});

function pacerWith(settings: Partial<PacerSettings> = {}): { pacer: Pacer; events: PacingEvent[]; prefix: string } {
  const events: PacingEvent[] = [];
  const prefix = settings.prefix ?? `t${++names}`;
  const pacer = createPacer({
    redis: server.redis,
    prefix,
    credentials: [{ id: 'a', qps: 50 }],
    onEvent: (event) => events.push(event),
    ...settings,
  });
  pacers.push(pacer);
  return { pacer, events, prefix };
}

const codeOf = (error: unknown) => (error instanceof ThrottledError ? error.code : error);
const WAIT = { maxWaitMs: 5000 };

describe('permits', () => {
  it('never puts more than the limit into a second, over two pacers', async () => {
    const { pacer: one, prefix } = pacerWith();
    const { pacer: two } = pacerWith({ prefix });
    const slots: number[] = [];
    const takes = Array.from({ length: 120 }, async (_, i) => {
      const permit = await (i % 2 ? one : two).acquire(WAIT);
      slots.push(permit.slotMs);
      expect(permit.latenessMs).toBeGreaterThanOrEqual(0);
      await permit.settle({ kind: 'accepted' });
    });
    await Promise.all(takes);
    slots.sort((x, y) => x - y);
    for (let i = 50; i < slots.length; i++) expect(slots[i]! - slots[i - 50]!).toBeGreaterThanOrEqual(1000);
    expect(slots.at(-1)! - slots[0]!).toBeLessThan(2600);
  });

  it('does not reserve a slot beyond the longest wait', async () => {
    const { pacer } = pacerWith();
    const error = await pacer.acquire({ maxWaitMs: 100 }).catch((caught) => caught);
    expect(codeOf(error)).toBe('quota_wait');
    expect(error.retryAfterMs).toBeGreaterThan(1000);
    const [before] = await pacer.snapshot();
    expect(before).toMatchObject({ usedToday: 0, nominalQps: 50, gate: { state: 'open' } });
  });

  it('frees the slot of a caller who went away while waiting', async () => {
    const { pacer } = pacerWith();
    const first = await pacer.acquire(WAIT);
    await first.giveBack();
    const leaving = new AbortController();
    const left = Array.from({ length: 5 }, () => pacer.acquire({ signal: leaving.signal, maxWaitMs: 5000 }));
    leaving.abort(new Error('gone'));
    const ends = await Promise.allSettled(left);
    expect(ends.every((end) => end.status === 'rejected' && end.reason.message === 'gone')).toBe(true);
    await (await pacer.acquire(WAIT)).settle({ kind: 'accepted' });
    const [after] = await pacer.snapshot();
    expect(after?.usedToday).toBe(1);
  });
});

describe('gates', () => {
  it('closes on 17 until midnight in Shanghai and says when to come back', async () => {
    const { pacer, events } = pacerWith();
    const permit = await pacer.acquire(WAIT);
    await permit.settle({ kind: 'daily_quota' });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'gate_closed', reason: 'daily_quota' }));
    const error = await pacer.acquire(WAIT).catch((caught) => caught);
    expect(codeOf(error)).toBe('quota_gate_closed');
    const [credential] = await pacer.snapshot();
    expect(credential?.gate).toMatchObject({ state: 'closed', reason: 'daily_quota' });
    const until = new Date(credential!.gate.until! + 8 * 3600_000).toISOString();
    expect(until).toMatch(/T00:00:00\.000Z$/);
    expect(credential?.usedToday).toBe(0);
  });

  it('lets exactly one probe through, and opens when it is answered', async () => {
    const options = { probeEveryMs: { configuration: 30 } };
    const { pacer, prefix } = pacerWith({ options });
    const { pacer: other } = pacerWith({ prefix, options });
    await (await pacer.acquire(WAIT)).settle({ kind: 'configuration' });
    const due = new Promise<void>((resolve) => pacer.onReopen(({ kind }) => kind === 'probe_due' && resolve()));
    await pacer.acquire(WAIT).catch(() => undefined);
    await due;
    const tries = await Promise.allSettled([pacer, other, pacer, other].map((it) => it.acquire(WAIT)));
    const granted = tries.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    expect(granted).toHaveLength(1);
    expect(granted[0]?.probe).toBe(true);
    const opened = new Promise<void>((resolve) => pacer.onReopen(({ kind }) => kind === 'opened' && resolve()));
    await granted[0]!.settle({ kind: 'accepted' });
    await opened;
    await (await other.acquire(WAIT)).giveBack();
  });

  it('announces a probe once, and again when it was lost with its process', async () => {
    const options = { probeEveryMs: { configuration: 30 }, probeTtlMs: 1200 };
    const { pacer } = pacerWith({ options });
    const announced: string[] = [];
    const twice = new Promise<void>((resolve) => {
      pacer.onReopen(({ kind }) => announced.push(kind) === 2 && resolve());
    });
    await (await pacer.acquire(WAIT)).settle({ kind: 'configuration' });
    await expect.poll(() => announced, { timeout: 5000 }).toEqual(['probe_due']);
    expect((await pacer.acquire(WAIT)).probe).toBe(true);
    await twice;
    expect(announced).toEqual(['probe_due', 'probe_due']);
  });

  it('lets machines extend a block and people shorten it', async () => {
    const { pacer } = pacerWith();
    await pacer.closeGate('a', 'total_quota', undefined, 'machine');
    await pacer.closeGate('a', 'daily_quota', Date.now() + 1000, 'machine');
    expect((await pacer.snapshot())[0]?.gate).toMatchObject({ reason: 'total_quota' });
    await pacer.closeGate('a', 'maintenance', Date.now() + 60_000, 'ann');
    await pacer.closeGate('a', 'total_quota', undefined, 'machine');
    expect((await pacer.snapshot())[0]?.gate).toMatchObject({ reason: 'maintenance', by: 'ann' });
    await pacer.openGate('a', 'ann');
    expect((await pacer.snapshot())[0]?.gate).toEqual({ state: 'open' });
  });

  it('keeps to the daily allowance exactly', async () => {
    const { pacer } = pacerWith({ credentials: [{ id: 'a', qps: 50, daily: 3 }] });
    const takes = await Promise.allSettled(Array.from({ length: 6 }, () => pacer.acquire(WAIT)));
    expect(takes.filter((it) => it.status === 'fulfilled')).toHaveLength(3);
    expect((await pacer.snapshot())[0]?.gate).toMatchObject({ state: 'closed', reason: 'daily_allowance' });
  });
});

describe('the pool', () => {
  it('takes the earliest permit of any open credential', async () => {
    const credentials = [
      { id: 'a', qps: 10 },
      { id: 'b', qps: 40 },
    ];
    const { pacer } = pacerWith({ credentials });
    const permits = await Promise.all(Array.from({ length: 40 }, () => pacer.acquire(WAIT)));
    const ofB = permits.filter((it) => it.credentialId === 'b').length;
    expect(ofB).toBeGreaterThanOrEqual(30);
    expect(ofB).toBeLessThanOrEqual(34);
    await pacer.closeGate('b', 'maintenance', undefined, 'ann');
    const next = await pacer.acquire(WAIT);
    expect(next.credentialId).toBe('a');
    const none = await pacer.acquire({ ...WAIT, only: ['b'] }).catch((caught) => caught);
    expect(codeOf(none)).toBe('quota_gate_closed');
  });
});

describe('what a permit needs besides', () => {
  it('is made ready between reservation and slot', async () => {
    const { pacer } = pacerWith();
    const prepared: string[] = [];
    const permit = await pacer.acquire({ ...WAIT, prepare: async (id) => void prepared.push(id) });
    expect([prepared, permit.latenessMs < 100]).toEqual([['a'], true]);
  });

  it('receives its remaining time, and gets another slot when it is not ready in time', async () => {
    const { pacer, events } = pacerWith();
    const left: number[] = [];
    const takes = Array.from({ length: 30 }, async (_, at) => {
      let slow = at % 5 === 0;
      const permit = await pacer.acquire({
        ...WAIT,
        prepare: async (_id, slot) => {
          left.push(slot.leftMs());
          if (slow) await new Promise((resolve) => setTimeout(resolve, slot.leftMs() + 400));
          slow = false;
        },
      });
      expect(permit.latenessMs).toBeLessThanOrEqual(150);
      await permit.settle({ kind: 'accepted' });
    });
    await Promise.all(takes);
    expect(Math.max(...left)).toBeLessThanOrEqual(400);
    expect(events.filter(({ kind }) => kind === 'permit_expired').length).toBeGreaterThanOrEqual(6);
    expect((await pacer.usage('total')).a).toMatchObject({ calls: 30, accepted: 30 });
  });

  it('receives the age of the state in Redis', async () => {
    const { pacer } = pacerWith();
    const ages: number[] = [];
    const prepare = async (_: string, { memoryAgeMs }: { memoryAgeMs: number }) => void ages.push(memoryAgeMs);
    const before = performance.now();
    await (await pacer.acquire({ ...WAIT, prepare })).settle({ kind: 'accepted' });
    await (await pacer.acquire({ ...WAIT, prepare })).settle({ kind: 'accepted' });
    const spentMs = performance.now() - before;
    await server.redis.flushall();
    await (await pacer.acquire({ ...WAIT, prepare })).settle({ kind: 'accepted' });
    expect(ages[1]).toBeGreaterThanOrEqual(ages[0]!);
    expect(ages[1]).toBeLessThanOrEqual(spentMs + 100);
    expect(ages[2]).toBeLessThan(ages[1]!);
  });

  it('costs nothing when it fails: the slot is given back', async () => {
    const { pacer } = pacerWith();
    const broken = async () => Promise.reject(new Error('no key'));
    await expect(pacer.acquire({ ...WAIT, prepare: broken })).rejects.toThrow('no key');
    expect((await pacer.usage('total')).a?.calls).toBe(0);
  });
});

describe('usage', () => {
  it('counts by credential and day and is restored to at least what is known', async () => {
    const { pacer } = pacerWith();
    for (const kind of ['accepted', 'failed', 'refused_qps', 'unsent'] as const) {
      await (await pacer.acquire(WAIT)).settle({ kind });
    }
    expect(await pacer.usage('total')).toEqual({ a: { calls: 2, accepted: 1, failed: 1, refused: 1 } });
    await pacer.restoreUsage('total', { a: { calls: 100, accepted: 0 } });
    await pacer.restoreUsage('2026-01-31', { a: { calls: 7 } });
    expect((await pacer.usage('total')).a).toMatchObject({ calls: 100, accepted: 1 });
    expect((await pacer.usage('2026-01-31')).a).toMatchObject({ calls: 7 });
  });
});

describe('without Redis', () => {
  it.each(['provider_outage', 'total_quota'])(
    'holds troubles at a gate that it knows to be closed: %s',
    async (reason) => {
      const { pacer } = pacerWith();
      const [answered, failed] = [await pacer.acquire(WAIT), await pacer.acquire(WAIT)];
      await pacer.closeGate('a', reason, undefined, 'machine');
      await server.redis.flushall();
      const trouble = { scope: 'provider', cause: 'upstream_timeout', image: 'x' } as const;
      const verdicts = await Promise.all([
        answered.settle({ kind: 'answered' }),
        failed.settle({ kind: 'failed', trouble }),
      ]);
      expect(verdicts.map(({ held }) => held)).toEqual([false, true]);
    },
  );

  it('says not now within the command time-out, and does not hang', async () => {
    const own = await startPrivateRedis();
    onTestFinished(() => own.stop());
    const { pacer } = pacerWith({ redis: own.redis, options: { commandTimeoutMs: 200 } });
    await (await pacer.acquire(WAIT)).giveBack();
    await own.redis.client('PAUSE', 700, 'ALL');
    const error = await pacer.acquire(WAIT).catch((caught) => caught);
    expect(codeOf(error)).toBe('pacing_unavailable');
    // The pacer returns the permit of the reply that arrived after the timeout.
    await own.redis.ping();
    await own.redis.ping();
    expect((await pacer.usage('total')).a?.calls).toBe(0);
    await own.stop();
    const gone = await pacer.acquire(WAIT).catch((caught) => caught);
    expect(codeOf(gone)).toBe('pacing_unavailable');
    expect(gone.retryAfterMs).toBe(1000);
  });
});

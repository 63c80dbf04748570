import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '@cardseal/base/clock';
import { connectRedis } from '@cardseal/core/queue';
import { startRedis } from '@cardseal/dev';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Condition, type Conditions, conditionsOf } from '../../../apps/admin/src/overview/conditions.ts';
import { createHistory } from '../../../apps/admin/src/overview/history.ts';
import { incidentsOf } from '../../../apps/admin/src/overview/incidents.ts';
import type { Overview } from '../../../apps/admin/src/overview/view.ts';

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

let dataDir: string;
let server: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-history-'));
  server = await startRedis({ dataDir });
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

const all = new Set(['redis', 'ledger', 'workers', 'gate', 'endpoint'] as const);
const gate: Condition = {
  name: 'gate:main',
  what: 'gate of main closed',
  href: '/gates',
  sinceMs: START_MS - MINUTE_MS,
};
const redisAway: Condition = { name: 'redis', what: 'Redis did not answer', href: null, sinceMs: null };
const state = (standing: Condition[], seen: Conditions['seen'] = all): Conditions => ({ standing, seen });

async function setUp(prefix: string) {
  const clock = new ManualClock(START_MS);
  const redis = connectRedis(server.url, 'producer');
  await new Promise<void>((resolve) => redis.once('ready', resolve));
  return { clock, redis, admins: [1, 2].map(() => createHistory(redis, prefix, clock)) as [History, History] };
}
type History = ReturnType<typeof createHistory>;

describe('what came and went', () => {
  it('is written down once, with its times, by whichever process sees its end', async () => {
    const { clock, redis, admins } = await setUp('{one}');
    await Promise.all(admins.map((admin) => admin.note(state([gate]))));
    clock.advance(5 * MINUTE_MS);
    await Promise.all(admins.map((admin) => admin.note(state([gate]))));
    expect(await admins[0].read(10)).toEqual([]);
    clock.advance(MINUTE_MS);
    await Promise.all(admins.map((admin) => admin.note(state([]))));
    const { what, href, sinceMs } = gate;
    expect(await admins[1].read(10)).toEqual([{ what, href, sinceMs, untilMs: START_MS + 6 * MINUTE_MS }]);
    redis.disconnect();
  });

  it('has not ended while the admin cannot check it', async () => {
    const { redis, admins } = await setUp('{blind}');
    await admins[0].note(state([gate]));
    await admins[0].note(state([], new Set(['redis', 'ledger'])));
    expect(await admins[0].read(10)).toEqual([]);
    redis.disconnect();
  });

  it('is remembered while Redis is unavailable, and recorded when it is back', async () => {
    const { clock, redis, admins } = await setUp('{away}');
    await admins[0].note(state([redisAway]));
    clock.advance(3 * MINUTE_MS);
    await admins[0].note(state([redisAway]));
    await admins[0].note(state([]));
    expect(await admins[0].read(10)).toEqual([
      { what: 'Redis did not answer', href: null, sinceMs: START_MS, untilMs: START_MS + 3 * MINUTE_MS },
    ]);
    redis.disconnect();
  });

  it('is not pushed off the page by what operators do', () => {
    const view = {
      atMs: START_MS,
      redis: 'up',
      ledger: 'up',
      workers: 1,
      credentials: [],
      failures: [],
      endpoints: {
        sick: [{ tenant: 'bank', id: 'we_1', host: 'h', health: 'failing', sinceMs: START_MS - 9 * MINUTE_MS }],
      },
    } as unknown as Omit<Overview, 'incidents'>;
    const action = {
      who: 'li',
      action: 'gate.open',
      target: { credential: 'main' },
      at: new Date(START_MS).toISOString(),
    };
    const past = [
      { what: 'gate of main closed', href: '/gates', sinceMs: START_MS - 8 * MINUTE_MS, untilMs: START_MS - MINUTE_MS },
    ];
    const shown = incidentsOf(
      view,
      Array.from({ length: 20 }, () => action as never),
      past,
    ).map(({ what }) => what);
    expect(shown).toContain('endpoint h of bank failing');
    expect(shown).toContain('gate of main closed, for 7 min');
    expect(conditionsOf(view).standing).toMatchObject([{ name: 'endpoint:bank:we_1' }]);
  });
});

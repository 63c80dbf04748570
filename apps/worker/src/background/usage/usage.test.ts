import { ManualClock } from '@cardseal/base/clock';
import { createLedger } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { memoryObjectStore } from '@cardseal/object-store';
import type { Usage } from '@cardseal/pacer';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import type { WorkerContext } from '../../context.ts';
import { createUsageSync } from './usage.ts';

/** 31 January, seven in the morning in Shanghai; still the 30th in UTC. */
const MORNING_MS = Date.parse('2026-01-31T07:00:00+08:00');

it('usage of the Shanghai day and in total is restored to a Redis that lost its data', async () => {
  const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32)) });
  const counts = new Map<string, Record<string, Usage>>();
  const restored: [string, object][] = [];
  const pacer = {
    usage: async (day: string) => counts.get(day) ?? {},
    restoreUsage: async (day: string, usage: object) => void restored.push([day, usage]),
  };
  const config = { QUEUE_PREFIX: '{test}' };
  const rates = new Map([['a', 10]]);
  const context = { clock: new ManualClock(MORNING_MS), config, ledger, log: silentLog, pacer, rates };
  const watchdog = createUsageSync(context as unknown as WorkerContext, undefined as never);
  const usage = { calls: 70, accepted: 60, failed: 5, refused: 5 };
  counts.set('2026-01-31', { a: usage });
  counts.set('total', { a: { ...usage, calls: 900 } });
  await watchdog.save();
  counts.clear();
  await watchdog.restore();
  expect(restored).toEqual([
    ['2026-01-31', { a: usage }],
    ['total', { a: { ...usage, calls: 900 } }],
  ]);
});

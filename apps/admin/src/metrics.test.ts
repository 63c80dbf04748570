import { createMetrics } from '@cardseal/core/metrics';
import { describe, expect, it } from 'vitest';
import type { AdminContext } from './context.ts';
import { exportOverviewMetrics } from './metrics.ts';
import type { OverviewReader } from './overview/read.ts';
import type { Overview } from './overview/view.ts';

const step = { perMinute: 0, waiting: 0, oldestMs: null, failing: 0 };
const counts = { healthy: 3, failing: 1, held: 0, disabled: 3 };
const seen = {
  workers: 0,
  steps: { queued: step, delivering: { ...step, oldestMs: 60_000 } },
  credentials: [],
  endpoints: { counts, off: 2, unheard: { failing: 1, disabled: 0 }, sick: [] },
  failures: [],
} as unknown as Overview;

async function scraped(overview: Overview): Promise<string[]> {
  const redis = { status: 'ready', ping: async () => 'PONG' };
  const context = { redis, jobQueue: { queues: () => ({}) } } as unknown as AdminContext;
  const metrics = createMetrics('admin', { process: false });
  const reader: OverviewReader = { read: async () => overview };
  exportOverviewMetrics(context, metrics, reader);
  const { text } = await metrics.scrape();
  return text.split('\n').filter((line) => /^cardseal_(workers|endpoints|oldest)/.test(line));
}

describe('the metrics of the admin', () => {
  it('count endpoints disabled by Cardseal apart from endpoints disabled by their owners', async () => {
    expect(await scraped(seen)).toEqual(
      expect.arrayContaining([
        'cardseal_endpoints{health="disabled",role="admin"} 1',
        'cardseal_endpoints{health="off",role="admin"} 2',
        'cardseal_endpoints{health="failing",role="admin"} 1',
        'cardseal_endpoints_unheard{health="failing",role="admin"} 1',
      ]),
    );
  });

  it('include the number of workers when it is zero', async () => {
    expect(await scraped(seen)).toContain('cardseal_workers{work="recognize",role="admin"} 0');
  });

  it('leave out values that could not be read', async () => {
    const blind = { ...seen, workers: null, endpoints: null, steps: { queued: step, delivering: step } };
    expect(await scraped(blind as unknown as Overview)).toEqual([]);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log/index.ts';
import { METRICS } from './catalogue.ts';
import { createMetricsListener, type MetricsListener } from './listener.ts';
import { createMetrics } from './metrics.ts';

const bare = () => createMetrics('worker', { process: false });

describe('the metrics of a process', () => {
  it('are what was counted, set and observed, with the role on each', async () => {
    const metrics = bare();
    metrics.count('cardseal_outcomes_total', { state: 'succeeded' });
    metrics.count('cardseal_outcomes_total', { state: 'succeeded' }, 2);
    metrics.set('cardseal_redis_up', {}, 1);
    metrics.observe('cardseal_delivery_seconds', { class: 'delivered' }, 0.07);
    const { text } = await metrics.scrape();
    expect(text).toContain('cardseal_outcomes_total{state="succeeded",role="worker"} 3');
    expect(text).toContain('cardseal_redis_up{role="worker"} 1');
    expect(text).toContain('cardseal_delivery_seconds_bucket{le="0.05",role="worker",class="delivered"} 0');
    expect(text).toContain('cardseal_delivery_seconds_bucket{le="0.1",role="worker",class="delivered"} 1');
  });

  it('asks before each scrape, and a question that fails takes nothing else with it', async () => {
    const metrics = bare();
    let asked = 0;
    metrics.beforeScrape(async () => metrics.set('cardseal_endpoints', { health: 'held' }, ++asked));
    metrics.beforeScrape(() => Promise.reject(new Error('Redis is away')));
    await metrics.scrape();
    expect((await metrics.scrape()).text).toContain('cardseal_endpoints{health="held",role="worker"} 2');
  });

  it('forgets label values that are no longer true', async () => {
    const metrics = bare();
    metrics.set('cardseal_credential_gate_closed', { credential: 'main', reason: 'daily_quota' }, 1);
    metrics.clear('cardseal_credential_gate_closed');
    expect((await metrics.scrape()).text).not.toContain('daily_quota');
  });

  it('has no label that grows with use', () => {
    const growing = ['tenant', 'job', 'endpoint', 'key', 'reference', 'url', 'id'];
    for (const [name, { labels }] of Object.entries(METRICS)) {
      expect(
        labels.filter((label) => growing.includes(label)),
        name,
      ).toEqual([]);
    }
  });
});

describe('the listener', () => {
  it('is not there without a port', async () => {
    expect(await createMetricsListener(bare(), {}).start(silentLog)).toBeUndefined();
  });

  let listener: MetricsListener;
  afterEach(() => listener?.stop());

  it('shows the metrics, the process among them, and nothing else', async () => {
    listener = createMetricsListener(createMetrics('api'), { METRICS_PORT: 0 });
    const url = `http://127.0.0.1:${await listener.start(silentLog)}`;
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/nodejs_eventloop_lag_seconds\{role="api"\} [\d.]+/);
    expect(text).toMatch(/process_resident_memory_bytes\{role="api"\} \d+/);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404);
  });
});

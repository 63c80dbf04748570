import { generateSpecimens } from '@cardseal/emulator/cards';
import { expect, it } from 'vitest';
import { startTestStack, startWebhookSink } from '../support/stack.ts';
import { expectTruth } from '../support/truth.ts';

const CARDS = 200;
const QPS = 20;
/** No more calls can be on a worker's wire than its concurrency allows. */
const ON_THE_WIRE = 20;

it('a worker killed in the middle costs no card, and no call but those on its wire', async () => {
  const [app, sink, specimens] = await Promise.all([
    startTestStack({ workers: 2, baiduQps: QPS, env: { LOCK_DURATION_MS: '5000' } }),
    startWebhookSink(),
    Array.fromAsync(generateSpecimens({ count: CARDS, seed: 12, scale: 0.7 })),
  ]);
  try {
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    sink.verifyWith(body.secret);
    const ids = await Promise.all(specimens.map(async (it) => (await app.submit(it)).id as string));
    await Promise.any(ids.slice(60, 100).map((id) => app.finished(id)));
    const victim = app.stack.child('worker-1').pid;
    process.kill(victim, 'SIGKILL');
    const restarted = await app.stack.nextRestart();
    expect(restarted.name).toBe('worker-1');
    expect(restarted.pid).not.toBe(victim);

    const jobs = await Promise.all(ids.map((id) => app.finished(id)));
    jobs.forEach((job, at) => {
      expectTruth(job, specimens[at]!.truth);
    });
    await Promise.all(ids.map((id) => sink.events(id)));
    const stats = await app.stats();
    console.log(`upstream: ${JSON.stringify(stats)}`);
    expect(stats.duplicates_by_image).toBeLessThanOrEqual(ON_THE_WIRE);
    // A process that starts takes CPU from those that call: how well the quota is kept is the bench's to say.
    expect(stats.rejected_qps! / stats.calls!).toBeLessThanOrEqual(0.03);
    const byId = Map.groupBy(sink.received, ({ data }) => data.id);
    for (const events of byId.values()) {
      expect(new Set(events.map(({ id }) => id)).size).toBe(1);
      expect(new Set(events.map(({ raw }) => raw)).size).toBe(1);
    }
  } finally {
    await app.stop();
    await sink.stop();
  }
});

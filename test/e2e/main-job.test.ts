import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';
import { expectTruth } from '../support/truth.ts';

const CARDS = 200;
const QPS = 20;

describe(`${CARDS} cards, two workers, ${QPS} calls a second`, () => {
  let app: TestStack;
  let sink: WebhookSink;
  let specimens: Specimen[];
  beforeAll(async () => {
    [app, sink, specimens] = await Promise.all([
      startTestStack({ workers: 2, baiduQps: QPS }),
      startWebhookSink(),
      Array.fromAsync(generateSpecimens({ count: CARDS, seed: 11, scale: 0.7 })),
    ]);
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    sink.verifyWith(body.secret);
  });
  afterAll(async () => {
    await app?.stop();
    await sink?.stop();
  });

  it('every card reaches its expected outcome, once, within the quota, and is delivered', async () => {
    await Promise.all(
      specimens.map(async ({ front, back, truth }) => {
        const { id } = await app.submit({ front, back }, { reference: `card ${truth.n}` });
        const job = await app.finished(id);
        expectTruth(job, truth);
        const [event] = await sink.events(id);
        const { deliveries: _later, ...atOutcome } = job;
        expect(event).toMatchObject({ type: 'job.succeeded', data: atOutcome });
      }),
    );
    const stats = await app.stats();
    console.log(`upstream: ${JSON.stringify(stats)}`);
    expect(stats.accepted).toBe(2 * CARDS);
    expect(stats.duplicates_by_image).toBe(0);
    // Two cores do everything here, and wake late by tens of milliseconds: how well the quota is kept is the bench's to say.
    expect(stats.rejected_qps! / stats.calls!).toBeLessThanOrEqual(0.03);
    expect(stats.max_in_any_second).toBeLessThanOrEqual(QPS);
    expect(stats.token_requests).toBe(1);
    expect(sink.received.filter(({ type }) => type.startsWith('job.'))).toHaveLength(CARDS);
  });
});

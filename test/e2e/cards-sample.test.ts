import { SCENARIOS } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCards, totalOf } from '../support/card-run.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';

/** Every scenario as large JPEG, as PNG, as BMP, and halved and turned; `npm run soak -- cards` is the whole of it. */
const CARDS = 4 * SCENARIOS.length;

describe(`${CARDS} generated cards`, () => {
  let app: TestStack;
  let sink: WebhookSink;
  beforeAll(async () => {
    [app, sink] = await Promise.all([startTestStack({ baiduQps: 1000 }), startWebhookSink()]);
    await app.control('PUT', { latency_ms: { p50: 2, p99: 10 } });
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

  it('every field, date, flag, check and verdict equals the truth, and none is lost', async () => {
    const report = await runCards(app, sink, { count: CARDS, seed: 21, timeoutMs: 60_000 });
    expect(report.mistakes).toEqual([]);
    expect(totalOf(report)).toMatchObject({ cards: CARDS, right: CARDS, wrong: 0, lost: 0 });
    expect([...report.scenarios.keys()].sort()).toEqual([...SCENARIOS].sort());
    expect(await app.stats()).toMatchObject({ accepted: 2 * CARDS, duplicates_by_image: 0 });
  });
});

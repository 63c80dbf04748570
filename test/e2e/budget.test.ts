/** Counts the writes of a job to the store, and compares them with the table in docs/understand/ledger.md. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../chaos/harness/index.ts';

const CARDS = 10;

// The double counts requests; another S3 does not show its count.
describe.skipIf(process.env.S3_ENDPOINT)('writes per one-sided card with one endpoint', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ seed: 701, env: { RECONCILE_INTERVAL_MS: '600000' } });
    // The first card also makes what a tenant and a credential need once.
    await harness.submit();
    await harness.settle(30_000);
  });
  afterAll(() => harness?.stop());

  it('are those of the table', async () => {
    const control = `${harness.app.stack.info.s3.endpoint}/__control/stats`;
    await fetch(`${control}/reset`, { method: 'POST' });
    await harness.submitMany(CARDS);
    await harness.settle(30_000);
    const counts = (await (await fetch(`${control}?by=prefix`)).json()) as Record<string, number>;
    // What keys were used for is written once a minute, however many cards there were.
    const puts = Object.entries(counts).filter(([name]) => /^PutObject (?!key-usage\/)/.test(name));
    const perCard = Object.fromEntries(puts.map(([name, count]) => [name.slice('PutObject '.length), count / CARDS]));
    expect(perCard).toEqual(await budgetOf('docs/understand/ledger.md'));
  });
});

/** Rows such as "| `keys/` | 1 | the data key |". The clients of this test send an Idempotency-Key, which is a row too. */
async function budgetOf(file: string): Promise<Record<string, number>> {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
  const table = text.split('## What a job costs')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| `([a-z-]+\/)` \| (\d+) \|/gm)];
  return Object.fromEntries(rows.map(([, prefix, count]) => [prefix, Number(count)]));
}

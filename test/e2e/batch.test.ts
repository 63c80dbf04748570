import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type BatchResult, createClient } from '@cardseal/client';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCardseal } from '../support/command-line.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';

const CARDS = 20;

describe('a batch of images in a bucket of the customer', () => {
  let app: TestStack;
  let sink: WebhookSink;
  let specimens: Specimen[];
  let folder: string;
  beforeAll(async () => {
    [app, sink, specimens, folder] = await Promise.all([
      startTestStack(),
      startWebhookSink(),
      Array.fromAsync(generateSpecimens({ count: CARDS, seed: 5, scenario: 'good', scale: 0.6 })),
      mkdtemp(path.join(tmpdir(), 'cardseal-batch-')),
    ]);
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ url: sink.url, events: ['batch.completed'], payload: 'reference' });
    sink.verifyWith((await app.call('POST', '/v1/webhook-endpoints', { body, headers: json })).body.secret);
    await putIntoBucket();
  });
  afterAll(async () => {
    await app?.stop();
    await sink?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Under a prefix of the stack's own bucket: for the API it is a bucket like any other. */
  async function putIntoBucket(): Promise<void> {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = app.stack.info.s3;
    const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
    for (const { front, truth } of specimens) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `customer/${truth.n}.jpg`, Body: front }));
    }
    s3.destroy();
  }

  it('is submitted, recognised, announced and read by the command line; a missing object fails alone', async () => {
    const { bucket } = app.stack.info.s3;
    const allowed = await runCardseal(app, [
      'tenant',
      'set',
      'dev',
      '--object-source',
      `${bucket}/customer/`,
      '--json',
    ]);
    expect(JSON.parse(allowed.stdout)).toMatchObject({
      tenant: 'dev',
      object_sources: [{ bucket, prefix: 'customer/' }],
    });

    const lineOf = (key: string) =>
      JSON.stringify({ front: { object: { bucket, key } }, reference: key, priority: 'bulk' });
    const keys = [
      ...specimens.map(({ truth }) => `customer/${truth.n}.jpg`),
      'customer/missing.jpg',
      'elsewhere/1.jpg',
    ];
    const file = path.join(folder, 'cards.ndjson');
    await writeFile(file, `${keys.map(lineOf).join('\n')}\n`);

    const submitted = await runCardseal(app, ['batch', 'submit', file, '--wait', '--json']);
    const batch = JSON.parse(submitted.stdout);
    expect(batch).toMatchObject({
      state: 'completed',
      counts: { lines: CARDS + 2, accepted: CARDS + 1, rejected: 1, unfinished: 0, succeeded: CARDS, failed: 1 },
      rejected: [{ line: CARDS + 2, code: 'source_not_allowed' }],
    });
    expect(submitted.exitCode).toBe(1);

    const [event] = await sink.events(batch.id);
    expect(event).toMatchObject({ type: 'batch.completed', data: { id: batch.id, counts: batch.counts } });

    const client = createClient({ baseUrl: app.stack.info.apiUrl, apiKey: app.stack.info.apiKey });
    const results: BatchResult[] = await Array.fromAsync(client.batches.results(batch.id));
    expect(results).toHaveLength(CARDS + 2);
    for (const { truth } of specimens) {
      expect(results[truth.n - 1]).toMatchObject({
        line: truth.n,
        job: { result: { card: { name: truth.card.name } } },
      });
    }
    expect(results[CARDS]).toMatchObject({
      job: { state: 'failed', failure: { code: 'source_unavailable', retryable: true } },
    });
    expect(results[CARDS + 1]).toMatchObject({ rejected: { code: 'source_not_allowed' } });
  });

  it('a key made by the command line works, is listed, and stops when it is revoked', async () => {
    const made = JSON.parse(
      (await runCardseal(app, ['key', 'create', 'dev', '--scope', 'jobs:read', '--json'])).stdout,
    );
    const call = () => fetch(`${app.stack.info.apiUrl}/v1/jobs`, { headers: { authorization: `Bearer ${made.key}` } });
    expect((await call()).status).toBe(200);
    const listed = (await runCardseal(app, ['key', 'list', 'dev', '--json'])).stdout;
    expect(listed).toContain(made.id);
    expect(listed).not.toContain(made.key);
    await runCardseal(app, ['key', 'revoke', 'dev', made.id]);
    const revokedAtMs = Date.now();
    await expect.poll(async () => (await call()).status, { timeout: 5000, interval: 100 }).toBe(401);
    expect(Date.now() - revokedAtMs).toBeLessThan(2000);
  });

  it('single cards are read, retried, cancelled and erased by the command line', async () => {
    const missing = JSON.parse((await runCardseal(app, ['list', '--state', 'failed', '--json'])).stdout);
    const retried = JSON.parse((await runCardseal(app, ['retry', missing.id, '--json'])).stdout);
    expect(retried).toMatchObject({ id: missing.id, generation: 2 });
    const again = JSON.parse((await runCardseal(app, ['get', missing.id, '--wait', '--json'])).stdout);
    expect(again).toMatchObject({ generation: 2, state: 'failed' });
    const watched = await runCardseal(app, ['watch', missing.id]);
    expect(watched.stdout).toBe('failed\n');
    expect((await runCardseal(app, ['cancel', missing.id])).stderr).toContain('job_not_cancellable');
    expect((await runCardseal(app, ['erase', missing.id])).stdout).toContain('erased');
    expect((await runCardseal(app, ['get', 'job_none'])).exitCode).toBe(1);
    expect((await runCardseal(app, ['list', '--state', 'done'])).exitCode).not.toBe(0);
  });
});

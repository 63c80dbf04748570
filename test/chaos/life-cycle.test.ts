/** Cancels, expires and erases jobs on the real stack. Erased data cannot be opened in any copy of the bucket. */
import { verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { systemClock } from '@cardseal/base/clock';
import { openLedger } from '@cardseal/core/ledger';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';
import { bucketOf, copyBucket, restoreBucket } from './bucket-copy.ts';

describe('cancel, expire and erase', () => {
  let app: TestStack;
  let sink: WebhookSink;
  let specimen: Specimen;

  beforeAll(async () => {
    [app, sink] = await Promise.all([startTestStack(), startWebhookSink()]);
    for await (const one of generateSpecimens({ count: 1, seed: 41, scenario: 'good', scale: 0.7 })) specimen = one;
    const { body } = await postJson('/v1/webhook-endpoints', { url: sink.url });
    sink.verifyWith(body.secret);
  });
  afterAll(async () => {
    await app?.stop();
    await sink?.stop();
  });

  function postJson(route: string, body: object, headers: Record<string, string> = {}) {
    return app.call('POST', route, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }
  const front = () => ({ front: { image: specimen.front.toString('base64') } });
  /** Stops all upstream calls, so that submitted jobs wait. */
  const closeQuota = () => app.control('PUT', { limits: { qps: 0 } });

  it('cancels a waiting job once, sends one event and deletes its images', async () => {
    await closeQuota();
    const { id } = await app.submit({ front: specimen.front });
    expect(await app.call('POST', `/v1/jobs/${id}/cancel`)).toMatchObject({
      status: 200,
      body: { state: 'cancelled' },
    });
    expect(await app.call('POST', `/v1/jobs/${id}/cancel`)).toMatchObject({
      status: 200,
      body: { state: 'cancelled' },
    });
    expect((await sink.events(id))[0]).toMatchObject({ type: 'job.cancelled', data: { id, generation: 1 } });
    await expect.poll(() => objectNames(app, `jobs/dev/${id}/`)).not.toContain(`jobs/dev/${id}/front.image`);
    await app.control('DELETE');
    const done = await app.submit({ front: specimen.front });
    await app.finished(done.id);
    const late = await app.call('POST', `/v1/jobs/${done.id}/cancel`);
    expect(late).toMatchObject({ status: 409, body: { code: 'job_not_cancellable' } });
    expect(await app.call('POST', `/v1/jobs/${done.id.replace(/.$/, '0')}/cancel`)).toMatchObject({ status: 404 });
  });

  it('expires a job that no worker started, and a retry succeeds', async () => {
    await closeQuota();
    const { id } = await app.submit({ front: specimen.front }, { expires_in: 1 });
    expect(await app.finished(id)).toMatchObject({ state: 'expired', generation: 1 });
    expect((await sink.events(id))[0]).toMatchObject({ type: 'job.expired' });
    await app.control('DELETE');
    expect((await app.call('POST', `/v1/jobs/${id}/retry`)).status).toBe(202);
    expect((await sink.events(id, 2))[1]).toMatchObject({ type: 'job.succeeded', data: { generation: 2 } });
  });

  it('erasure leaves only times, sends an event and a receipt, and no copy of the bucket can be opened', async () => {
    const key = { 'idempotency-key': 'erase-me' };
    const { id } = (await postJson('/v1/jobs', { ...front(), keep_images: true }, key)).body;
    await app.finished(id);
    await sink.events(id);
    const before = await copyBucket(app);

    const erased = await app.call('DELETE', `/v1/jobs/${id}`);
    expect(erased).toMatchObject({ status: 200, body: { id, state: 'erased', reason: 'request' } });
    expect((await app.call('DELETE', `/v1/jobs/${id}`)).body).toEqual(erased.body);
    expect((await app.call('GET', `/v1/jobs/${id}`)).body).toMatchObject({ state: 'erased', sides: {}, attempts: [] });
    expect(await postJson('/v1/jobs', { ...front(), keep_images: true }, key)).toMatchObject({
      status: 410,
      body: { code: 'job_erased' },
    });
    const erasedEvent = (await sink.events(id, 2))[1]!;
    expect(erasedEvent).toMatchObject({ type: 'job.erased', data: { id, state: 'erased' } });
    expect(await objectNames(app, `jobs/dev/${id}/`)).toEqual([`jobs/dev/${id}/tombstone`]);
    expect(await objectNames(app, `keys/dev/${id}`)).toEqual([]);

    const { body } = await app.call('GET', `/v1/jobs/${id}/erasure-receipt`);
    expect(readReceipt(body)).toMatchObject({ job: id, reason: 'request', removed: { keys: 1, jobs: 4 } });
    const forged = { ...body, receipt: body.receipt.replace(/^[^.]*\.[^.]*/, (text: string) => `${text}x`) };
    expect(() => readReceipt(forged)).toThrow('signature');

    // Simulate a restore: the backup's data without the tombstone. Backups do not contain the key store.
    await bucketOf(app).delete([`jobs/dev/${id}/tombstone`]);
    await restoreBucket(
      app,
      before.filter(({ name }) => !name.startsWith('keys/')),
    );
    expect(await objectNames(app, `jobs/dev/${id}/`)).toContain(`jobs/dev/${id}/request`);
    const ledger = await ledgerOf(app);
    // The ledger reports a job without its key as a fault; none of its data can be read.
    await expect(ledger.jobs.open('dev', id)).rejects.toMatchObject({ code: 'job_key_missing' });
    // The backup itself is intact: with the key that the erasure destroyed, the job opens.
    await restoreBucket(
      app,
      before.filter(({ name }) => name === `keys/dev/${id}`),
    );
    expect(await (await ledger.jobs.open('dev', id))?.request()).toMatchObject({ job: id });
  });

  it('erasure wins against a running job', async () => {
    await app.control('PUT', { latency_ms: { p50: 1500, p99: 1600 } });
    await fetch(`${app.stack.info.emulatorUrl}/__control/stats/reset`, { method: 'POST' });
    const jobs = await Promise.all(Array.from({ length: 6 }, () => app.submit({ front: specimen.front })));
    await expect.poll(async () => (await app.stats()).calls, { timeout: 20_000 }).toBeGreaterThan(0);
    await Promise.all(jobs.map(({ id }) => app.call('DELETE', `/v1/jobs/${id}`)));
    await app.control('DELETE');
    const redis = new Redis(app.stack.info.redisUrl);
    const queue = new Queue('recognize', { connection: redis, prefix: '{cardseal}' });
    expect(await queue.getActiveCount()).toBeGreaterThan(0);
    // From now on every reply in flight has arrived, for a job that no longer exists.
    await expect.poll(() => queue.getActiveCount(), { timeout: 20_000 }).toBe(0);
    redis.disconnect();
    for (const { id } of jobs) {
      const events = await sink.events(id);
      expect(events.map(({ type }) => type)).toEqual(['job.erased']);
      await expect
        .poll(() => objectNames(app, `jobs/dev/${id}/`), { timeout: 20_000 })
        .toEqual([`jobs/dev/${id}/tombstone`]);
      await expect.poll(() => objectNames(app, `pending/dev/${id}`), { timeout: 20_000 }).toEqual([]);
    }
  });
});

async function objectNames(app: TestStack, prefix: string): Promise<string[]> {
  return (await bucketOf(app).list(prefix)).keys;
}

async function ledgerOf({ stack }: TestStack) {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = stack.info.s3;
  const environment = { S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket, S3_FORCE_PATH_STYLE: true };
  const masterKey = await readFile(stack.env.MASTER_KEY_FILE!);
  return openLedger(environment, masterKey, systemClock, { accessKeyId, secretAccessKey });
}

/** Verifies the receipt as an outside party does: with the public key only. */
function readReceipt({ receipt, public_key }: { receipt: string; public_key: object }): object {
  const [head, body, signature] = receipt.split('.') as [string, string, string];
  const key = { key: public_key as never, format: 'jwk' as const };
  if (!verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')))
    throw new Error('signature');
  return JSON.parse(Buffer.from(body, 'base64url').toString());
}

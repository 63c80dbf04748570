/**
 * The leak test: no byte of the canary person exists outside sealed objects. A control run plants a leak in each sink
 * and must find it.
 */
import { generateKeyPairSync } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { silentLog } from '@cardseal/core/log';
import { createMetrics, createMetricsListener } from '@cardseal/core/metrics';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scrapeAll } from '../support/scrape.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';
import { startTraceCollector, type TraceCollector } from '../support/trace-collector.ts';
import { canaryPatterns, runEveryScenario, subscribeEveryMode } from './canary.ts';
import { patternsOf, type SecretPattern } from './secret-patterns.ts';
import { everySink, findLeaks, storeClient } from './sinks.ts';

/** The first cards of the seed with names of three characters; two characters are too short to search in every form. */
const FIRST = 1;

describe('no personal data leaks', () => {
  let app: TestStack;
  let sink: WebhookSink;
  let collector: TraceCollector;
  let specimens: Specimen[];
  let patterns: SecretPattern[];
  let jobs: string[];

  beforeAll(async () => {
    collector = await startTraceCollector();
    const apps = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, METRICS_PORT: '0' };
    [app, sink, specimens] = await Promise.all([
      startTestStack({ plainRedisFiles: true, env: { LOG_LEVEL: 'trace' }, apps }),
      startWebhookSink(),
      Array.fromAsync(generateSpecimens({ count: 2, seed: 31, first: FIRST, scenario: 'good' })),
    ]);
    patterns = canaryPatterns(specimens);
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([sink?.stop(), collector?.stop()]);
  });

  const leaks = () => findLeaks(everySink(app.stack, app.dataDir, collector.raw), patterns);

  it('through success, failure, retry, rejection or a failing receiver', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await subscribeEveryMode(app, sink, publicKey.export({ format: 'jwk' }));
    sink.answers.push(500, 500, 302);
    jobs = await runEveryScenario(app, specimens);
    await Promise.all(jobs.map((job) => sink.events(job, 3)));
    // Wait until the last span of every job is exported and every process serves its metrics.
    const delivered = () =>
      new Set(
        collector.spans.filter(({ name }) => name === 'deliver').map(({ attributes }) => attributes['cardseal.job']),
      );
    await expect.poll(() => jobs.filter((job) => !delivered().has(job)), { timeout: 30_000 }).toEqual([]);
    const roles = (await scrapeAll(app.dataDir)).map(({ from }) => from.replace(/[^a-z].*/, ''));
    expect(new Set(roles)).toEqual(new Set(['api', 'worker', 'admin']));
    expect(await leaks()).toEqual([]);
  });

  it('through what erasure and cancellation leave', async () => {
    await Promise.all(jobs.slice(1).map((job) => app.call('DELETE', `/v1/jobs/${job}`)));
    await Promise.all(jobs.slice(1).map((job) => sink.events(job, 4)));
    expect(await leaks()).toEqual([]);
  });

  describe('finds a planted leak', () => {
    const planted = 'a planted 诸葛孔明的身份证号码';
    const forms = patternsOf('planted', planted);
    const found = async () => {
      const sinks = await findLeaks(everySink(app.stack, app.dataDir, collector.raw), forms);
      return [...new Set(sinks.map(({ sink }) => sink.split(' ').slice(0, 2).join(' ')))];
    };

    it('in Redis, its files and Bull Board, in every form', async () => {
      const redis = new Redis(app.stack.info.redisUrl);
      const queue = new Queue('recognize', { connection: redis, prefix: prefixOf(app) });
      await queue.pause();
      // Bull Board shows known fields of an entry's data only, but shows the entry's name unchanged.
      await queue.add('card', { note: planted } as never, {
        jobId: `job_00000000000000000000000000-${planted}`,
        delay: 1e9,
      });
      await queue.resume();
      for (const [at, { bytes }] of forms.entries()) {
        await redis.set(`planted:${at}`, Buffer.concat([Buffer.from([0x80]), bytes, Buffer.from([0xff])]));
      }
      const sinks = await findLeaks(everySink(app.stack, app.dataDir, collector.raw), forms);
      for (const [at, { label }] of forms.entries()) {
        expect(sinks).toContainEqual({ sink: `redis key planted:${at}`, label });
      }
      const names = sinks.map(({ sink }) => sink);
      expect(names.some((name) => name.startsWith('admin 200 /queues/api/queues?'))).toBe(true);
      expect(names.some((name) => /^file redis\/.*\.aof$/.test(name))).toBe(true);
      expect(names).toContain('file redis/dump.rdb');
      await redis.flushall();
      redis.disconnect();
    });

    it('in the name, metadata and body of an object', async () => {
      const { s3 } = app.stack.info;
      const client = storeClient(s3);
      const put = (Key: string, Body: string, Metadata: Record<string, string> = {}) =>
        client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body, Metadata }));
      await put(`planted/name/${planted}`, '');
      await put('planted/metadata', '', { note: encodeURIComponent(planted) });
      await put('planted/body', `before ${Buffer.from(planted).toString('hex')} after`);
      client.destroy();
      expect(await found()).toEqual(
        expect.arrayContaining(['object planted/metadata', 'object planted/body', `object planted/name/a`]),
      );
    });

    it('in a metric and in an exported span', async () => {
      const metrics = createMetrics('worker', { process: false });
      metrics.count('cardseal_deliveries_total', { class: planted });
      const listener = createMetricsListener(metrics, { METRICS_PORT: 0 });
      const port = await listener.start(silentLog);
      const line = JSON.stringify({ level: 'info', event: 'metrics.listening', port });
      await appendFile(path.join(app.dataDir, 'logs/worker-1.log'), `${line}\n`);
      const body = JSON.stringify({ resourceSpans: [], note: Buffer.from(planted).toString('hex') });
      await fetch(`${collector.url}/v1/traces`, { method: 'POST', body });
      expect(await found()).toEqual(expect.arrayContaining(['metrics worker-1.log', 'trace export']));
      await listener.stop();
    });

    it('in a log line', async () => {
      const line = JSON.stringify({ event: 'card', name: Buffer.from(planted).toString('base64') });
      await appendFile(path.join(app.dataDir, 'logs/worker-1.log'), `${line}\n`);
      expect(await found()).toContain('file logs/worker-1.log');
    });
  });
});

function prefixOf({ stack }: TestStack): string {
  return stack.env.QUEUE_PREFIX ?? '{cardseal}';
}

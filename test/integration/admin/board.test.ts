/** Bull Board behind our listener: what may be done there, and that the audit log says what was done and nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newJobId } from '@cardseal/core/job';
import { connectRedis, openQueues, type Queues } from '@cardseal/core/queue';
import { type RedisServer, startRedis } from '@cardseal/dev';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';

const QUEUE = '/queues/api/queues/recognize';

let dataDir: string;
let server: RedisServer;
let redis: Redis;
let queues: Queues;
let admin: TestAdmin;
const job = newJobId(Date.now());
const entry = `${job}-1`;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-board-'));
  server = await startRedis({ dataDir });
  redis = connectRedis(server.url, 'board');
  queues = openQueues(redis, '{test}');
  admin = await startTestAdmin({ redisUrl: server.url });
  await queues.recognize.add('card', { tenant: 'bank', job, generation: 1 } as never, { jobId: entry });
});
afterAll(async () => {
  await admin?.stop();
  redis?.disconnect();
  await server?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const put = (route: string) => admin.owner.call('PUT', route);
const written = async () =>
  (await admin.ledger.operators.audit.page(null, 100)).entries.filter(({ action }) => action !== 'login');

describe('Bull Board', () => {
  it.each([
    ['a job that is not there', `${QUEUE}/job_01-1/retry`, 404, 'not_found'],
    ['a queue that is not there', '/queues/api/queues/other/job_01-1/retry', 404, 'not_found'],
    ['what is no id', `${QUEUE}/%25/retry`, 400, 'invalid_request'],
    ['what is no id of ours', `${QUEUE}/..%2F..%2Fx/clean`, 400, 'invalid_request'],
    ['emptying a queue', `${QUEUE}/empty`, 403, 'not_allowed'],
    ['a whole queue’s failures', `${QUEUE}/retry/failed`, 403, 'not_allowed'],
    ['a whole queue’s delayed jobs', `${QUEUE}/promote`, 403, 'not_allowed'],
  ])('refuses %s, and puts nothing on record', async (_what, route, status, code) => {
    const answer = await put(route);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await written()).toEqual([]);
  });

  it('says where many are tried again', async () => {
    expect((await put(`${QUEUE}/retry/failed`)).body.error).toContain('/bulk');
  });

  it.each([
    ['retry', 'job.retry', 'status_400'],
    ['promote', 'job.promote', 'not_promotable'],
  ])('%s of a job that is in no state for it: a second entry says so', async (verb, action, failed) => {
    const { status } = await put(`${QUEUE}/${entry}/${verb}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    const [second, first] = await written();
    const target = { queue: 'recognize', entry, tenant: 'bank', job };
    expect(first).toMatchObject({ who: 'boss', action, target });
    expect(second).toMatchObject({ who: 'boss', action, target, detail: { failed, of: first!.seq } });
  });

  it('removes an entry, with one audit entry', async () => {
    const before = (await written()).length;
    expect((await put(`${QUEUE}/${entry}/clean`)).status).toBe(204);
    expect(await queues.recognize.getJob(entry)).toBeUndefined();
    expect((await written()).length).toBe(before + 1);
    expect((await written())[0]).toMatchObject({ action: 'job.remove', target: { tenant: 'bank', job } });
  });
});

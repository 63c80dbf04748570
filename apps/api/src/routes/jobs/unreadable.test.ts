/** What the store lost of an accepted job is reported to its owner as a fault on our side, and never as `not_found`. */
import { ManualClock } from '@cardseal/base/clock';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, paths, SCOPES } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { cancelJob, eraseJob, retryJob } from '@cardseal/core/use-cases';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { type ApiContext, cancelParts } from '../../context.ts';
import { handleErrors } from '../../http/problems/index.ts';
import { storeJob } from '../../pipeline/store.ts';
import { jobTermsSchema } from '../../pipeline/submit/request-schema.ts';
import { readCrop } from './read-crop.ts';
import { readJob } from './read-job.ts';

const TENANT = 'bank';
const CALLER = { tenant: TENANT, apiKeyId: 'k', scopes: SCOPES };

async function world() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 5)), clock });
  const jobQueue = {
    queues: () => {
      throw new Error('Redis is away');
    },
    hint: async () => null,
    addDeliveries: async () => {},
    announceFinished: async () => {},
  };
  const pool = { state: async () => null };
  const context = { clock, ledger, jobQueue, pool, log: silentLog, config: {} } as unknown as ApiContext;
  const job: JobId = newJobId(clock.now());
  const submission = { pictures: { front: Buffer.alloc(50, 1) }, terms: jobTermsSchema.parse({}) };
  const submit = () => storeJob(context, CALLER, job, submission, { own: false });
  await submit();
  /** What each route of the API does with the job, by its name. */
  const routes: Record<string, () => Promise<unknown>> = {
    read: () => readJob(context, CALLER, job),
    portrait: () => readCrop(context, TENANT, job, 'front', 'portrait'),
    cancel: () => cancelJob(cancelParts(context), TENANT, job),
    retry: () => retryJob({ ledger, jobQueue: context.jobQueue }, TENANT, job),
    'submit again under its Idempotency-Key': submit,
  };
  return { context, store, ledger, job, routes };
}

async function problemOf(work: () => Promise<unknown>) {
  const app = Fastify();
  handleErrors(app, silentLog);
  app.get('/', work);
  const answer = await app.inject('/');
  await app.close();
  return { status: answer.statusCode, code: answer.json().code };
}

const LOSSES = {
  'its key': (job: JobId) => [paths.jobKey(TENANT, job)],
  'its request, with an outcome kept': (job: JobId) => [paths.request(TENANT, job)],
  'its request and its key, with an outcome kept': (job: JobId) => [
    paths.request(TENANT, job),
    paths.jobKey(TENANT, job),
  ],
} as const;

describe.each(Object.entries(LOSSES))('a job that has lost %s', (_name, lost) => {
  it.each(['read', 'portrait', 'cancel', 'retry', 'submit again under its Idempotency-Key'])('%s', async (route) => {
    const { store, job, routes } = await world();
    await store.put(paths.outcome(TENANT, job, 1), Buffer.from('sealed'));
    const names = lost(job);
    await store.delete(names);
    expect(await problemOf(routes[route]!)).toEqual({ status: 500, code: 'stored_data_unreadable' });
    expect(names.some((name) => store.objects.has(name))).toBe(false);
  });

  it('can be erased, and reads as erased afterwards', async () => {
    const { context, store, job, routes } = await world();
    await store.put(paths.outcome(TENANT, job, 1), Buffer.from('sealed'));
    await store.delete(lost(job));
    await eraseJob(context, TENANT, job, 'request');
    expect(await routes.read!()).toMatchObject({ state: 'erased' });
    expect([...store.objects.keys()].filter((name) => name.startsWith(`jobs/${TENANT}/`))).toEqual([
      paths.tombstone(TENANT, job),
    ]);
  });
});

it('a job that never existed is null', async () => {
  const { context } = await world();
  expect(await readJob(context, CALLER, newJobId(1))).toBeNull();
});

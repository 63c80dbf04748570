/** Retention removes due and old jobs even when other jobs are broken. */
import { ManualClock } from '@cardseal/base/clock';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, paths, SYSTEM_TENANT, type TenantRetention } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeEach, expect, it } from 'vitest';
import type { WorkerContext } from '../../context.ts';
import { eraseOldJobs } from './old-jobs.ts';
import { sweepWebhooks } from './old-webhooks.ts';
import { createRetention } from './retention.ts';

const TENANT = 'bank';
const MADE_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

async function world(retention?: TenantRetention, retainForS: number | null = null) {
  const store = memoryObjectStore();
  const clock = new ManualClock(MADE_MS);
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, {
    ...{ name: 'A bank', createdAtMs: 0 },
    ...(retention ? { retention } : {}),
  });
  const jobs: JobId[] = [];
  for (let at = 0; at < 3; at++) {
    const job = newJobId(MADE_MS + at);
    const sealed = await ledger.jobs.start(TENANT, job);
    const request = { tenant: TENANT, reference: null, endpointIds: [], sides: ['front'], retainForS };
    await sealed.commit({ v: 1, job, ...request } as never);
    await sealed.putImage('front', Buffer.from('picture'));
    const ended = { v: 1, generation: 1, state: 'failed', code: 'image_unusable', full: '{}', reference: '{}' };
    await sealed.decide({ ...ended, atMs: MADE_MS } as never);
    await ledger.jobs.listing.finished(TENANT, job, null, { generation: 1, state: 'failed', code: 'image_unusable' });
    await ledger.jobs.schedule.at(MADE_MS + DAY_MS, { tenant: TENANT, job, what: 'pictures' });
    jobs.push(job);
  }
  const told: string[] = [];
  const tell = (event: string, { job_id }: { job_id?: string }) => told.push(`${event} ${job_id}`);
  const queue = { remove: async () => {}, getJobState: async () => 'unknown' };
  const context = {
    clock,
    ledger,
    metrics: { count: () => {} },
    random: () => 0,
    config: { RETENTION_MS: 7 * DAY_MS, RETENTION_INTERVAL_MS: DAY_MS },
    log: { error: tell, warn: tell, info: () => {} },
    jobQueue: {
      queues: () => ({ recognize: queue, deliver: queue }),
      announceFinished: async () => {},
      addDeliveries: async () => {},
    },
  } as unknown as WorkerContext;
  await store.put(paths.jobKey(TENANT, jobs[1]!), Buffer.from('garbage'));
  const has = (key: (job: JobId) => string) => jobs.map((job) => store.objects.has(key(job)));
  const objects = () => [...store.objects.keys()];
  return { clock, store, context, jobs, told, has, objects };
}

let run: Awaited<ReturnType<typeof world>>;
beforeEach(async () => {
  run = await world();
});

it('a job that does not open keeps its due name and delays no other', async () => {
  const { clock, context, jobs, told, has } = run;
  clock.advance(DAY_MS + 1000);
  await createRetention(context).sweepDue();
  expect(has((job) => paths.image(TENANT, job, 'front'))).toEqual([false, true, false]);
  expect(told).toEqual([`retention.postponed ${jobs[1]}`]);
  const due = await Array.fromAsync(context.ledger.jobs.schedule.until(clock.now()));
  expect(due.map(({ job }) => job)).toEqual([jobs[1]]);
});

it('a sweep erases old jobs, skips one that does not open, and logs it', async () => {
  const { clock, context, jobs, told, has } = run;
  clock.advance(8 * DAY_MS);
  expect(await eraseOldJobs(context, new AbortController().signal)).toBe(2);
  expect(has((job) => paths.tombstone(TENANT, job))).toEqual([true, false, true]);
  expect(told).toEqual([`walk.stuck ${jobs[1]}`]);
});

it('failed work is retried with growing pauses, and the sweep continues with the rest', async () => {
  const { clock, context, jobs, told } = run;
  clock.advance(DAY_MS + 1000);
  const retention = createRetention(context);
  for (let seconds = 0; seconds < 3600; seconds += 5) {
    await retention.sweepDue();
    clock.advance(5000);
  }
  expect(told.every((line) => line === `retention.postponed ${jobs[1]}`)).toBe(true);
  // 2.5 s at first, doubled up to 5 minutes: not once in each of the 720 sweeps.
  expect(told.length).toBeGreaterThan(10);
  expect(told.length).toBeLessThan(25);
});

it('an erasure that could not delete everything is completed', async () => {
  const { clock, context, jobs } = run;
  const [job] = jobs;
  const { ledger } = context;
  const times = { createdAtMs: MADE_MS, erasedAtMs: clock.now() };
  await ledger.jobs.erasures.declare(TENANT, job!, {
    v: 1,
    reason: 'request',
    generation: 1,
    endpointIds: null,
    ...times,
  });
  await ledger.jobs.schedule.at(clock.now(), { tenant: TENANT, job: job!, what: 'erased' });
  await createRetention(context).sweepDue();
  expect(run.has((id) => paths.image(TENANT, id, 'front'))).toEqual([false, true, true]);
  expect(await ledger.jobs.erasures.readRecord(TENANT, job!)).toMatchObject({ removed: { jobs: 3 } });
});

const DAY_S = 86_400;
const sweep = (context: WorkerContext) => eraseOldJobs(context, new AbortController().signal);

it('a sweep follows the retention time of the tenant, before and after it', async () => {
  const { clock, context } = await world({ defaultS: 2 * DAY_S });
  clock.advance(2 * DAY_MS - 1000);
  expect(await sweep(context)).toBe(0);
  clock.advance(2000);
  expect(await sweep(context)).toBe(2);
});

it("a sweep erases what its request would keep longer than the tenant's maximum", async () => {
  const long = await world({ maximumS: 3 * DAY_S }, 30 * DAY_S);
  long.clock.advance(3 * DAY_MS - 1000);
  expect(await sweep(long.context)).toBe(0);
  long.clock.advance(2000);
  expect(await sweep(long.context)).toBe(2);
});

it('a sweep leaves a job with an individual retention time to its due name, when there is no maximum', async () => {
  const { clock, context } = await world({ defaultS: DAY_S }, 30 * DAY_S);
  clock.advance(8 * DAY_MS);
  expect(await sweep(context)).toBe(0);
});

it('a sweep removes the secrets and headers of an endpoint that has expired, in every version', async () => {
  const { clock, context } = run;
  const { endpoints } = context.ledger.tenants;
  const secret = { secret: 'whsec_x', untilMs: null };
  await endpoints.create(TENANT, 'we_1', {
    ...{ url: 'https://receiver.example/', events: null, payload: 'reference', publicKey: null },
    ...{ headers: { 'x-key': 'a' }, state: 'enabled', secrets: [secret], createdAtMs: 0 },
    expiresAtMs: clock.now() + DAY_MS,
  });
  const version = async () => (await endpoints.get(TENANT, 'we_1'))!.version;
  const { signal } = new AbortController();
  await sweepWebhooks(context, signal);
  expect(await version()).toBe(1);
  clock.advance(DAY_MS);
  await sweepWebhooks(context, signal);
  await sweepWebhooks(context, signal);
  // The deletion is written once. The version with the secrets is gone.
  expect(await version()).toBe(2);
  expect(run.objects().filter((name) => name.includes('/we_1/'))).toHaveLength(1);
});

it('a record that cannot be read delays neither the jobs nor the endpoints of another tenant', async () => {
  const { clock, context, told, has } = run;
  const { ledger } = context;
  for (const [tenant, name] of [
    ['aaa', paths.record('endpoints', 'aaa', 'we_1')],
    ['aab', paths.record('tenants', SYSTEM_TENANT, 'aab')],
  ] as const) {
    await ledger.tenants.records.create(SYSTEM_TENANT, tenant, { name: 'Another bank', createdAtMs: 0 });
    // A later version than any that opens.
    await run.store.put(`${name}00000000`, Buffer.from('garbage'));
  }
  clock.advance(8 * DAY_MS);
  const { signal } = new AbortController();
  await sweepWebhooks(context, signal);
  expect(told.splice(0)).toEqual(['walk.stuck undefined', 'walk.stuck undefined']);
  expect(await eraseOldJobs(context, signal)).toBe(2);
  expect(has((job) => paths.tombstone(TENANT, job))).toEqual([true, false, true]);
});

it('a long sweep over old jobs does not delay due work', async () => {
  const { clock, context, has } = run;
  let sweeps = 0;
  // The sweep takes as long as the test.
  context.ledger.jobs.listing.page = () => {
    sweeps++;
    return new Promise(() => {});
  };
  const retention = createRetention(context);
  retention.start();
  const seconds = async (count: number) => {
    for (let at = 0; at < count; at++) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }
  };
  await seconds(20);
  expect(sweeps).toBe(1);
  clock.advance(DAY_MS);
  await seconds(20);
  expect(has((job) => paths.image(TENANT, job, 'front'))).toEqual([false, true, false]);
});

it.each(['due names', 'old jobs'])('%s are worked on several at a time', async (what) => {
  const { clock, context, jobs } = run;
  const { ledger } = context;
  let [atWork, most] = [0, 0];
  const { inventory } = ledger.jobs;
  ledger.jobs.inventory = async (tenant, job) => {
    atWork++;
    most = Math.max(most, atWork);
    await new Promise(setImmediate);
    atWork--;
    return inventory(tenant, job);
  };
  clock.advance(8 * DAY_MS);
  if (what === 'due names') await createRetention(context).sweepDue();
  else await sweep(context);
  expect(most).toBe(jobs.length);
});

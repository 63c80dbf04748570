/** While every gate is closed, the worker finishes the jobs that need no call, and no other job. */

import { ManualClock } from '@cardseal/base/clock';
import { DefectError, TransientError } from '@cardseal/base/errors';
import { newJobId } from '@cardseal/core/job';
import { createLedger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { createMetrics } from '@cardseal/core/metrics';
import type { RecognizeJob } from '@cardseal/core/queue';
import { freezeOutcome } from '@cardseal/core/use-cases';
import { memoryObjectStore } from '@cardseal/object-store';
import { readStoredReply } from '@cardseal/providers';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { createEndpoints } from '../../caches/endpoint-cache.ts';
import { createOutcomeCache } from '../../caches/outcome-cache.ts';
import { createTenants } from '../../caches/tenant-cache.ts';
import type { WorkerContext } from '../../context.ts';
import { createWriteBuffer } from '../../recognize/guards/write-buffer.ts';
import { saveReply } from '../../recognize/steps/save.ts';
import { openWork } from '../../recognize/support/work.ts';
import { createClosedGateSweep, sweepWhileClosed } from './finish-while-closed.ts';

const TENANT = 'bank';

interface Queued {
  id: string;
  data: RecognizeJob;
  attemptsStarted: number;
  priority: number;
  remove(): Promise<void>;
}

function setUp() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const queue = { wait: [] as Queued[], prioritized: [] as Queued[], delayed: [] as Queued[] };
  const announced: string[] = [];
  const context = {
    clock,
    random: () => 0,
    log: silentLog,
    metrics: createMetrics('worker', { process: false }),
    ledger,
    tenants: createTenants(ledger),
    endpoints: createEndpoints(ledger),
    outcomeCache: createOutcomeCache(true),
    readReply: readStoredReply,
    writeBuffer: createWriteBuffer({ clock, log: silentLog, random: () => 0 }),
    config: {},
    jobQueue: {
      queues: () => ({
        recognize: { getJobs: async (states: (keyof typeof queue)[]) => states.flatMap((state) => queue[state]) },
      }),
      announceFinished: async (job: string) => void announced.push(job),
      addDeliveries: async () => {},
    },
  } as unknown as WorkerContext;

  async function job(place: keyof typeof queue, { started = 0, priority = 7 } = {}) {
    await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
    const id = newJobId(clock.now());
    const sealed = await ledger.jobs.start(TENANT, id);
    const request = {
      v: 1 as const,
      job: id,
      tenant: TENANT,
      nonce: 'n',
      createdAtMs: clock.now(),
      sides: ['front' as const],
      options: { detect_risk: false, detect_quality: false, detect_photo: false, detect_card: false, fit: true },
      reference: null,
      metadata: {},
      priority: 'interactive' as const,
      expiresAtMs: null,
      retainForS: null,
      keepImages: false,
      endpointIds: null,
      apiKeyId: 'k',
    };
    await ledger.jobs.markers.openSubmit(TENANT, id, null);
    await sealed.commit(request);
    const data: RecognizeJob = {
      tenant: TENANT,
      job: id,
      generation: 1,
      attempts: [],
      waitingFor: 'quota',
      pictures: [],
    };
    const list = queue[place];
    const queued: Queued = {
      id: `${id}-1`,
      data,
      attemptsStarted: started,
      priority,
      remove: async () => void list.splice(list.indexOf(queued), 1),
    };
    list.push(queued);
    return { id, sealed, request, data };
  }
  const sweep = (seen = new Set<string>(), all = true) =>
    sweepWhileClosed(context, seen, { all, signal: new AbortController().signal });
  return { context, ledger, queue, announced, job, sweep, clock };
}

it('a cancelled job is announced and leaves the queue', async () => {
  const { job, sweep, queue, announced, clock } = setUp();
  const { id, sealed, request } = await job('wait', { priority: 0 });
  const publicUrl = '';
  const ending = {
    request,
    generation: 1,
    state: 'cancelled' as const,
    atMs: clock.now(),
    attempts: [],
    recognized: [],
  };
  await sealed.decide(freezeOutcome({ ...ending, publicUrl }));
  expect(await sweep(new Set(), false)).toBe(1);
  expect([announced, queue.wait]).toEqual([[id], []]);
});

it('a job whose replies are all stored is concluded and announced', async () => {
  const { context, job, sweep, queue, announced, ledger } = setUp();
  const { id, data } = await job('prioritized', { started: 1 });
  const work = (await openWork(context, data, new AbortController().signal))!;
  const reply = { plaintext: Buffer.from('{"words_result":{},"image_status":"blurred"}'), latencyMs: 1 };
  await saveReply(context, work, 'front', { provider: 'baidu-idcard-enc', reply: reply as never });
  expect(await sweep()).toBe(1);
  expect([announced, queue.prioritized]).toEqual([[id], []]);
  expect((await (await ledger.jobs.open(TENANT, id))!.outcome(1))!.state).toBe('succeeded');
});

it('a job that needs a call stays, and is read once only while it does not move', async () => {
  const { job, sweep, queue, announced, ledger } = setUp();
  await job('prioritized', { started: 1 });
  const seen = new Set<string>();
  let reads = 0;
  const openForWork = ledger.jobs.openForWork.bind(ledger);
  ledger.jobs.openForWork = (...given) => {
    reads += 1;
    return openForWork(...given);
  };
  for (let round = 0; round < 3; round++) expect(await sweep(seen)).toBe(0);
  expect([announced, queue.prioritized.length, reads]).toEqual([[], 1, 1]);
});

it('jobs that were never started are not read at all: they cannot have a reply', async () => {
  const { job, sweep, ledger } = setUp();
  await job('prioritized');
  ledger.jobs.openForWork = () => Promise.reject(new Error('read'));
  expect(await sweep()).toBe(0);
});

it('a job that cannot be read holds up no other', async () => {
  const { job, sweep, announced, clock, ledger } = setUp();
  const broken = await job('wait', { priority: 0 });
  const { id, sealed, request } = await job('wait', { priority: 0 });
  const ending = {
    request,
    generation: 1,
    state: 'cancelled' as const,
    atMs: clock.now(),
    attempts: [],
    recognized: [],
  };
  await sealed.decide(freezeOutcome({ ...ending, publicUrl: '' }));
  const openForWork = ledger.jobs.openForWork.bind(ledger);
  for (const error of [new DefectError('job_key_missing'), new TransientError('store_unavailable')]) {
    ledger.jobs.openForWork = (tenant, of, ahead) =>
      of === broken.id ? Promise.reject(error) : openForWork(tenant, of, ahead);
    await sweep(new Set(), false).catch(() => {});
  }
  expect(announced).toEqual([id]);
});

it('a hold that begins while the last round ends is swept too', async () => {
  const { context } = setUp();
  let rounds = 0;
  const slow = Promise.withResolvers<never[]>();
  context.jobQueue.queues = () =>
    ({ recognize: { getJobs: () => (rounds++ === 0 ? slow.promise : Promise.resolve([])) } }) as never;
  const sweep = createClosedGateSweep(context);
  sweep.start();
  const stopped = sweep.stop();
  sweep.start();
  slow.resolve([]);
  await stopped;
  await new Promise(setImmediate);
  expect(rounds).toBeGreaterThan(1);
  const running = rounds;
  sweep.start();
  await new Promise(setImmediate);
  expect(rounds).toBe(running);
  await sweep.stop();
});

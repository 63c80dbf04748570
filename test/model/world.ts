/**
 * The model world: one bucket and one queue in memory, and the real code for every operation on them. The provider, the
 * rate limiter and the receivers are replaced by their simplest form.
 */
import { createStallDetector, ManualClock } from '@cardseal/base/clock';
import { CardsealError, DefectError } from '@cardseal/base/errors';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, type Ledger, paths, SCOPES, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';
import type { Card } from '@cardseal/core/queue';
import { cancelJob, eraseJob, reopen } from '@cardseal/core/use-cases';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import type { AcquireOptions } from '@cardseal/pacer';
import { localMasterKey } from '@cardseal/sealing';
import { type ApiContext, cancelParts } from '../../apps/api/src/context.ts';
import { storeJob } from '../../apps/api/src/pipeline/store.ts';
import { createLeftSubmits, SAME_FOR_MS } from '../../apps/worker/src/background/reconcile/pending-submissions.ts';
import { restoreUndelivered } from '../../apps/worker/src/background/reconcile/restore-deliveries.ts';
import { restorePending } from '../../apps/worker/src/background/reconcile/restore-jobs.ts';
import { settleDue } from '../../apps/worker/src/background/retention/due.ts';
import { eraseOldJobs } from '../../apps/worker/src/background/retention/old-jobs.ts';
import { sweepWebhooks } from '../../apps/worker/src/background/retention/old-webhooks.ts';
import { createEndpoints } from '../../apps/worker/src/caches/endpoint-cache.ts';
import { createFreshOutcomes } from '../../apps/worker/src/caches/outcome-cache.ts';
import { createTenants } from '../../apps/worker/src/caches/tenant-cache.ts';
import type { WorkerContext } from '../../apps/worker/src/context.ts';
import { createUnsaved } from '../../apps/worker/src/recognize/guards/write-buffer.ts';
import { recognize } from '../../apps/worker/src/recognize/pipeline.ts';
import { finishErased } from '../../apps/worker/src/recognize/steps/announce.ts';
import { openWork } from '../../apps/worker/src/recognize/support/work.ts';
import { type DeliveryQueue, deliverQueue, openLimits, type Received, receiver, runDeliveries } from './deliveries.ts';
import { createProcess, type Fate, type ModelProcess } from './process.ts';

export const TENANT = 'bank';
export const ENDPOINT = 'we_00000000000000000000000001';
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const REPLY = Buffer.from(JSON.stringify({ words_result: {}, image_status: 'normal' }));

export type Operation = 'submit' | 'work' | 'deliver' | 'retry' | 'cancel' | 'erase' | 'due' | 'sweep' | 'reconcile';

export interface World {
  readonly objects: ReadonlyMap<string, Buffer>;
  readonly job: JobId;
  /** Operations that a client saw succeed. */
  readonly acknowledged: Operation[];
  /** Violations that no crash explains. */
  readonly violations: string[];
  readonly received: Received[];
  /** Results of the next provider calls; success when empty. */
  readonly provider: ('ok' | 'defect')[];
  /** Results of the next deliveries; success when empty. */
  readonly receiver: ('ok' | 'fail')[];
  calls(): number;
  process(fate?: Fate): ModelProcess;
  perform(process: ModelProcess, operation: Operation): Promise<void>;
  emptyQueue(): void;
  changeEndpoint(state: 'enabled' | 'disabled' | 'deleted'): Promise<void>;
  advance(ms: number): void;
  /** Reconciles, works and delivers with processes that are not killed, until nothing changes. */
  settle(): Promise<void>;
}

export interface WorldSettings {
  expiresInS?: number;
  retainForS?: number;
  /** Removes a guarantee of the store, to show that the checks notice. */
  sabotage?: (store: MemoryObjectStore) => MemoryObjectStore;
}

/** Real metrics, created for every operation, would take most of the run time. */
const noMetrics = new Proxy({}, { get: () => () => {} }) as Metrics;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one model: its operations share the simulated store and clock.
export async function createWorld(image: Buffer, settings: WorldSettings = {}): Promise<World> {
  const clock = new ManualClock(START_MS);
  const { sabotage = (store) => store } = settings;
  const shared = sabotage(memoryObjectStore());
  const master = localMasterKey(Buffer.alloc(32, 5));
  const queue = new Map<string, Card>();
  const job = newJobId(START_MS);
  const acknowledged: Operation[] = [];
  const violations: string[] = [];
  const received: World['received'] = [];
  const provider: World['provider'] = [];
  const deliveries: DeliveryQueue = new Map();
  const receiverAnswers: World['receiver'] = [];
  const stallDetector = createStallDetector({ forMs: SAME_FOR_MS, nowMs: () => clock.now() });
  let calls = 0;

  const ledgerOf = (process: ModelProcess): Ledger => createLedger({ store: process.store, master, clock });
  const setup = ledgerOf(createProcess(shared));
  await setup.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: START_MS });
  await setup.tenants.endpoints.create(TENANT, ENDPOINT, {
    url: 'https://receiver.example/',
    events: null,
    payload: 'full',
    publicKey: null,
    headers: {},
    state: 'enabled',
    secrets: [{ secret: `whsec_${Buffer.alloc(32, 3).toString('base64')}`, untilMs: null }],
    createdAtMs: START_MS,
  } as never);

  const contexts = new WeakMap<ModelProcess, WorkerContext & ApiContext>();

  /** One context per process: its caches belong to the process, and creating it is slow. */
  function contextOf(process: ModelProcess): WorkerContext & ApiContext {
    const made = contexts.get(process) ?? newContext(process);
    contexts.set(process, made);
    return made;
  }

  function newContext(process: ModelProcess): WorkerContext & ApiContext {
    const deliver = deliverQueue(deliveries, process, () => clock.now());
    const key = (card: { job: JobId; generation: number }) => `${card.job}-${card.generation}`;
    const jobQueue = {
      queues: () => ({
        recognize: {
          getJobState: async (id: string) => (queue.has(id) ? 'waiting' : 'unknown'),
          getJob: async () => undefined,
          remove: (id: string) => process.step(async () => queue.delete(id)),
        },
        deliver,
      }),
      addCards: async (cards: Card[]) => {
        for (const card of cards) await process.step(async () => void queue.set(key(card), card));
      },
      addDeliveries: deliver.addAll,
      announceFinished: async () => {},
      announceChange: () => {},
      hint: async () => null,
    };
    return {
      clock,
      random: () => 0.5,
      log: silentLog,
      metrics: noMetrics,
      ledger: ledgerOf(process),
      tenants: createTenants(ledgerOf(process)),
      endpoints: createEndpoints(ledgerOf(process)),
      freshOutcomes: createFreshOutcomes(true),
      unsaved: createUnsaved({ clock, log: silentLog, random: () => 0.5 }),
      jobQueue,
      lanes: openLimits,
      webhooks: receiver(process, received, receiverAnswers),
      config: {
        DELIVER_CONCURRENCY: 2,
        MAX_IMAGE_BYTES: 1e6,
        RETRY_WINDOW_MS: 72 * 60 * MINUTE_MS,
        RETENTION_MS: 168 * 60 * MINUTE_MS,
      },
      providers: new Map([['one', providerOf(process)]]),
      rates: new Map([['one', 10]]),
      pacer: {
        acquire: async ({ prepare }: AcquireOptions) => {
          await prepare?.('one', { leftMs: () => 0, memoryAgeMs: Number.POSITIVE_INFINITY });
          return permit;
        },
        closeGate: async () => {},
        isClosed: () => false,
      },
      meter: new Proxy({}, { get: () => () => {} }),
      stopping: new AbortController().signal,
    } as unknown as WorkerContext & ApiContext;
  }

  const permit = { credentialId: 'one', sent() {}, async settle() {}, async giveBack() {} };
  const providerOf = (process: ModelProcess) => ({
    id: 'one',
    provider: 'baidu-idcard-enc',
    seal: async () => ({ destroy() {} }),
    call: async (_sealed: unknown, _signal: unknown, { onSend }: { onSend(): void }) => {
      // Check here and not at the call itself: a process that pauses between the two cannot know about a new reply.
      if (shared.objects.has(paths.reply(TENANT, job, 'front'))) violations.push('called with a reply in the ledger');
      return process.step(async () => {
        onSend();
        calls++;
        if (provider.shift() === 'defect') throw new DefectError('upstream_request_invalid');
        return { plaintext: REPLY, latencyMs: 1, billed: 'yes' };
      });
    },
  });

  async function work(process: ModelProcess): Promise<void> {
    const context = contextOf(process);
    for (const [id, card] of [...queue]) {
      const data = { ...card, tenant: TENANT, attempts: [] };
      try {
        const opened = await openWork(context, data, new AbortController().signal, card.pictures);
        if (opened) await recognize(context, opened, { last: true, undecryptable: 0, spare: 0 });
        else await finishErased(context, data);
      } catch (error) {
        if (!(error instanceof CardsealError) || error.code !== 'job_erased') throw error;
        await finishErased(context, data);
      }
      await process.step(async () => queue.delete(id));
    }
  }

  async function due(process: ModelProcess): Promise<void> {
    const context = contextOf(process);
    for await (const { key, ...ref } of context.ledger.jobs.schedule.until(clock.now())) {
      await settleDue(context, ref);
      await context.ledger.jobs.schedule.settle(key);
    }
  }

  async function submit(process: ModelProcess): Promise<void> {
    const context = contextOf(process);
    const options = { detect_risk: true, detect_quality: true, detect_photo: false, detect_card: false, fit: true };
    const terms = { options, reference: 'r', metadata: {}, priority: 'interactive', keep_images: false } as const;
    const caller = { tenant: TENANT, apiKeyId: 'k', scopes: SCOPES };
    const submission = {
      pictures: { front: image },
      terms: {
        ...terms,
        expires_in: settings.expiresInS ?? null,
        retain_for: settings.retainForS ?? null,
        endpoint_ids: null,
      },
    };
    const { replayed } = await storeJob(context, caller, job, submission, { own: false });
    if (!replayed)
      await context.jobQueue.addCards([
        { tenant: TENANT, job, generation: 1, priority: 'interactive', pictures: ['front'] },
      ]);
  }

  async function perform(process: ModelProcess, operation: Operation): Promise<void> {
    const context = contextOf(process);
    const { ledger, jobQueue } = context;
    const operations: Record<Operation, () => Promise<unknown>> = {
      submit: () => submit(process),
      work: () => work(process),
      deliver: () => runDeliveries(context, deliveries, process),
      due: () => due(process),
      sweep: async () => {
        await eraseOldJobs(context, context.stopping);
        await sweepWebhooks(context, context.stopping);
      },
      retry: () => reopen(ledger, jobQueue, TENANT, job),
      cancel: () => cancelJob(cancelParts(context), TENANT, job),
      erase: () => eraseJob(context, TENANT, job, 'request'),
      reconcile: async () => {
        await restorePending(context, createLeftSubmits(context, stallDetector));
        await restoreUndelivered(context);
      },
    };
    try {
      await operations[operation]();
      acknowledged.push(operation);
    } catch (error) {
      // A refusal is a valid response. No history explains a defect, and any other error is a bug of the model.
      if (!('code' in (error as object))) throw error;
      if ((error as CardsealError).disposition === 'defect')
        violations.push(`${operation}: ${(error as CardsealError).code}`);
    }
  }

  function isQuiet(): boolean {
    const open = [...shared.objects.keys()].some((name) => /^(pending|undelivered)\//.test(name));
    return queue.size + deliveries.size === 0 && !open;
  }

  async function settle(): Promise<void> {
    for (let round = 0; round < 8 && !(round > 0 && isQuiet()); round++) {
      const process = createProcess(shared);
      for (const operation of ['reconcile', 'work', 'due', 'deliver'] as const) await perform(process, operation);
      clock.advance(6 * MINUTE_MS);
    }
  }

  return {
    objects: shared.objects,
    job,
    acknowledged,
    violations,
    received,
    provider,
    receiver: receiverAnswers,
    calls: () => calls,
    process: (fate) => createProcess(shared, fate),
    perform,
    emptyQueue() {
      queue.clear();
      deliveries.clear();
    },
    async changeEndpoint(state) {
      await setup.tenants.endpoints.change(TENANT, ENDPOINT, (value) => ({ ...value, state }));
    },
    advance: (ms) => clock.advance(ms),
    settle,
  };
}

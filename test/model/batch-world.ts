/**
 * The model world for batches: one bucket in memory and API processes that run the real code over it (accept, advance,
 * cancel). The worker is replaced by its simplest form. All times come from one monotonic clock.
 */
import { Readable } from 'node:stream';
import { createStallDetector, ManualClock } from '@cardseal/base/clock';
import {
  type BatchId,
  type BatchRound,
  createLedger,
  type Ledger,
  type PendingMarker,
  SCOPES,
  SYSTEM_TENANT,
} from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { createMetrics } from '@cardseal/core/metrics';
import { type MemoryObjectStore, memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { lookAtRound } from '../../apps/api/src/background/batches/batch-loop.ts';
import { createUncommittedWatch } from '../../apps/api/src/background/batches/watch-uncommitted.ts';
import type { ApiContext } from '../../apps/api/src/context.ts';
import { Problem } from '../../apps/api/src/http/problems/index.ts';
import { acceptBatch } from '../../apps/api/src/routes/batches/accept.ts';
import { createProcess, type Fate, type ModelProcess } from './process.ts';

export const TENANT = 'bank';
export const PATIENCE_MS = 1000;
const START_MS = Date.UTC(2026, 0, 1);
const LIMITS = { MAX_IMAGE_BYTES: 1e6, BAIDU_MAX_ENCODED_BYTES: 4e6, BAIDU_MAX_SIDE_PX: 4096, BAIDU_MIN_SIDE_PX: 15 };

interface BatchApi {
  process: ModelProcess;
  ledger: Ledger;
  /** Runs the whole request and, unless `how` says otherwise, the expansion that follows in the same process. */
  accept(lines: string, key?: string, how?: { expands: boolean }): Promise<void>;
  /** Visits every open batch once, as the background loop of the API does. */
  visitOpen(): Promise<void>;
}

export interface BatchWorld {
  readonly shared: MemoryObjectStore;
  /** Batches that the API acknowledged with 202. */
  readonly acknowledged: BatchId[];
  /** Codes of the other responses. */
  readonly refused: string[];
  /** Jobs that were recognised, which costs money. */
  readonly billed: string[];
  /** Errors that no crash explains. */
  readonly defects: string[];
  readonly ledger: Ledger;
  api(fate?: Fate, settings?: ApiSettings): BatchApi;
  /** Recognises pending jobs and records their outcomes. */
  work(): Promise<void>;
  nowMs(): number;
  pass(ms: number): void;
  /** Visits and works with processes that are not killed, until no batch is open. */
  settle(): Promise<void>;
}

export interface ApiSettings {
  /** Wraps the shared store for this process. */
  through?: (store: ObjectStore) => ObjectStore;
  /** A limit of the API key refuses the batch. */
  refuses?: boolean;
  /** A job that this process enqueues is recognised at once. */
  workedAtOnce?: boolean;
}

interface SharedState {
  clock: ManualClock;
  shared: MemoryObjectStore;
  /** The ledger of processes that are never killed. */
  ledger: Ledger;
  ledgerOn(store: ObjectStore): Ledger;
  acknowledged: BatchId[];
  refused: string[];
  billed: string[];
  defects: string[];
  nowMs: number;
}

export async function createBatchWorld(): Promise<BatchWorld> {
  const state = createState();
  const { ledger, shared, acknowledged, refused, billed, defects } = state;
  const objectSources = [{ bucket: 'customer', prefix: '' }];
  await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: START_MS, objectSources });
  const work = async () => {
    for await (const marker of ledger.jobs.markers.pending()) await recognizeJob(state, marker);
  };
  return {
    acknowledged,
    refused,
    billed,
    defects,
    shared,
    ledger,
    api: (fate = {}, settings = {}) => createBatchApi(state, fate, settings),
    work,
    nowMs: () => state.nowMs,
    pass(ms) {
      state.nowMs += ms;
    },
    async settle() {
      const api = createBatchApi(state, {}, {});
      for (let round = 0; round < 8; round++) {
        await api.visitOpen();
        await work();
        state.nowMs += PATIENCE_MS + 1;
      }
    },
  };
}

function createState(): SharedState {
  const clock = new ManualClock(START_MS);
  const shared = memoryObjectStore();
  const master = localMasterKey(Buffer.alloc(32, 5));
  const ledgerOn = (store: ObjectStore) => createLedger({ store, master, clock });
  return {
    clock,
    shared,
    ledger: ledgerOn(shared),
    ledgerOn,
    acknowledged: [],
    refused: [],
    billed: [],
    defects: [],
    nowMs: 0,
  };
}

function createBatchApi(state: SharedState, fate: Fate, settings: ApiSettings): BatchApi {
  const { through = (store) => store } = settings;
  const process = createProcess(through(state.shared), fate);
  const ledger = state.ledgerOn(process.store);
  const watch = createUncommittedWatch(
    ledger.intake.batches,
    createStallDetector({ nowMs: () => state.nowMs, forMs: PATIENCE_MS }),
  );
  const context = contextOf(state, ledger, settings);

  async function advance(round: BatchRound, fresh: boolean): Promise<void> {
    await lookAtRound(context, watch, round, { fresh, stopped: () => false }).catch((error) => note(error));
  }
  const note = (error: Error & { disposition?: string; code?: string }) => {
    if (error instanceof Problem || error.disposition === 'transient') state.refused.push(error.code!);
    else state.defects.push(error.code ?? String(error));
  };
  return {
    process,
    ledger,
    async accept(lines, key, { expands } = { expands: true }) {
      const caller = { tenant: TENANT, apiKeyId: 'k', scopes: SCOPES, limits: { inQueue: 1 } };
      try {
        const { id, round } = await acceptBatch(context, caller as never, Readable.from([Buffer.from(lines)]), key);
        state.acknowledged.push(id);
        if (round && expands) await advance(round, true);
      } catch (error) {
        note(error as Error);
      }
    },
    async visitOpen() {
      for await (const round of ledger.intake.batches.open()) await advance(round, false);
    },
  };
}

/** The context of an API process. Its limits and its job queue are replaced by their simplest form. */
function contextOf(state: SharedState, ledger: Ledger, { refuses = false, workedAtOnce = false }: ApiSettings) {
  return {
    ledger,
    clock: state.clock,
    log: silentLog,
    metrics: createMetrics('api', { process: false }),
    config: LIMITS,
    limits: {
      spend: async () => {
        if (refuses) throw new Problem('queue_full');
      },
    },
    usage: { note: () => {} },
    jobQueue: {
      addCards: async (cards: PendingMarker[]) => {
        if (workedAtOnce) for (const card of cards) await recognizeJob(state, card);
      },
      addDeliveries: async () => {},
      hint: async () => null,
      queues: () => ({ recognize: { getJob: async () => undefined } }),
    },
  } as unknown as ApiContext;
}

/** The worker of this world: decides a pending job and closes its generation. */
async function recognizeJob(
  { ledger, billed }: SharedState,
  { tenant, job, generation }: Omit<PendingMarker, 'reference'>,
): Promise<void> {
  const sealed = await ledger.jobs.open(tenant, job);
  const request = await sealed?.request();
  if (!sealed || !request) return;
  const outcome = { v: 1 as const, generation, state: 'succeeded' as const, code: '-', atMs: 1 };
  if (await sealed.decide({ ...outcome, eventId: `msg_${job}`, full: '{}', reference: '{}' })) billed.push(job);
  const { state } = (await sealed.outcome(generation))!;
  await ledger.jobs.listing.finished(tenant, job, request.reference, { generation, state, code: '-' });
  await ledger.jobs.markers.closeGeneration(tenant, job, generation, request.reference);
}

/** Lines that refer to numbered objects of the customer's bucket. */
export function linesOf(count: number): string {
  const line = (n: number) => ({ front: { object: { bucket: 'customer', key: `${n}.jpg` } }, reference: `line ${n}` });
  return Array.from({ length: count }, (_, at) => JSON.stringify(line(at + 1))).join('\n');
}

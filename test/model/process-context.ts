import { DefectError } from '@cardseal/base/errors';
import type { JobId } from '@cardseal/core/job';
import { paths } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import type { Metrics } from '@cardseal/core/metrics';
import type { Card } from '@cardseal/core/queue';
import type { AcquireOptions } from '@cardseal/pacer';
import { readStoredReply } from '@cardseal/providers';
import type { ApiContext } from '../../apps/api/src/context.ts';
import { createEndpoints } from '../../apps/worker/src/caches/endpoint-cache.ts';
import { createOutcomeCache } from '../../apps/worker/src/caches/outcome-cache.ts';
import { createTenants } from '../../apps/worker/src/caches/tenant-cache.ts';
import type { WorkerContext } from '../../apps/worker/src/context.ts';
import { createWriteBuffer } from '../../apps/worker/src/recognize/guards/write-buffer.ts';
import { deliverQueue, openLimits, receiver } from './deliveries.ts';
import type { ModelProcess } from './process.ts';
import { TENANT, type WorldState } from './world-state.ts';

/** Real metrics, created for every operation, would take most of the run time. */
const noMetrics = new Proxy({}, { get: () => () => {} }) as Metrics;

const MINUTE_MS = 60_000;
const REPLY = Buffer.from(JSON.stringify({ words_result: {}, image_status: 'normal' }));

export type ModelContext = WorkerContext & ApiContext;

const contexts = new WeakMap<ModelProcess, ModelContext>();

/** One context per process: its caches belong to the process, and creating it is slow. */
export function contextOf(state: WorldState, process: ModelProcess): ModelContext {
  const made = contexts.get(process) ?? newContext(state, process);
  contexts.set(process, made);
  return made;
}

function newContext(state: WorldState, process: ModelProcess): ModelContext {
  const { clock } = state;
  return {
    clock,
    random: () => 0.5,
    log: silentLog,
    metrics: noMetrics,
    ledger: state.ledgerOf(process),
    tenants: createTenants(state.ledgerOf(process)),
    endpoints: createEndpoints(state.ledgerOf(process)),
    outcomeCache: createOutcomeCache(true),
    writeBuffer: createWriteBuffer({ clock, log: silentLog, random: () => 0.5 }),
    jobQueue: jobQueueOf(state, process),
    endpointLimits: openLimits,
    webhooks: receiver(process, state.received, state.receiver),
    config: {
      DELIVER_CONCURRENCY: 2,
      MAX_IMAGE_BYTES: 1e6,
      RETRY_WINDOW_MS: 72 * 60 * MINUTE_MS,
      RETENTION_MS: 168 * 60 * MINUTE_MS,
    },
    providers: new Map([['one', providerOf(state, process)]]),
    readReply: readStoredReply,
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
  } as unknown as ModelContext;
}

function jobQueueOf({ queue, deliveries, clock }: WorldState, process: ModelProcess) {
  const deliver = deliverQueue(deliveries, process, () => clock.now());
  const key = (card: { job: JobId; generation: number }) => `${card.job}-${card.generation}`;
  return {
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
}

const permit = { credentialId: 'one', sent() {}, async settle() {}, async giveBack() {} };
function providerOf(state: WorldState, process: ModelProcess) {
  const { shared, violations, provider, job } = state;
  return {
    id: 'one',
    provider: 'baidu-idcard-enc',
    seal: async () => ({ destroy() {} }),
    call: async (_sealed: unknown, _signal: unknown, { onSend }: { onSend(): void }) => {
      // Check here and not at the call itself: a process that pauses between the two cannot know about a new reply.
      if (shared.objects.has(paths.reply(TENANT, job, 'front'))) violations.push('called with a reply in the ledger');
      return process.step(async () => {
        onSend();
        state.calls++;
        if (provider.shift() === 'defect') throw new DefectError('upstream_request_invalid');
        return { plaintext: REPLY, latencyMs: 1, billed: 'yes' };
      });
    },
  };
}

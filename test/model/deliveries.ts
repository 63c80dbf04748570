/**
 * The deliver queue and the receiver of the model world, around the real delivery code: a queue in memory that starts due
 * deliveries, endpoint limits that admit every attempt, and a receiver with given responses.
 */
import type { DeliveryRef } from '@cardseal/core/ledger';
import { type DeliverJob, deliverJobId, type EndpointLimits } from '@cardseal/core/queue';
import type { SendResult } from '@cardseal/webhook';
import type { WorkerContext } from '../../apps/worker/src/context.ts';
import { deliver } from '../../apps/worker/src/deliver/pipeline.ts';
import { createDeliveryRuntime } from '../../apps/worker/src/deliver/support/delivery-runtime.ts';
import type { ModelProcess } from './process.ts';

export interface Received {
  id: string;
  body: string;
  type: string;
}

interface Queued {
  job: DeliverJob;
  dueMs: number;
  starts: number;
}

export type DeliveryQueue = Map<string, Queued>;

const IDLE = { streak: 0, firstFailureMs: null, pausedUntilMs: null, heldUntilMs: null };

export const openLimits: EndpointLimits = {
  acquire: async (_endpoint, { late }) => ({ verdict: 'go', late, wake: null }),
  release: async () => ({ state: IDLE, wake: [] }),
  stillWaits: async () => false,
  hold: async () => {},
  read: async () => IDLE,
};

/** The methods of the deliver queue that the real code calls. */
export function deliverQueue(queue: DeliveryQueue, process: ModelProcess, nowMs: () => number) {
  return {
    getJobState: async (id: string) => (queue.has(id) ? 'delayed' : 'unknown'),
    getJob: async () => undefined,
    addAll: async (refs: readonly { ref: DeliveryRef; delayMs?: number }[]) => {
      for (const { ref, delayMs = 0 } of refs) {
        const id = deliverJobId(ref);
        const added = { job: ref, dueMs: nowMs() + delayMs, starts: 0 };
        await process.step(async () => void (queue.has(id) || queue.set(id, added)));
      }
    },
  };
}

export function receiver(process: ModelProcess, received: Received[], answers: ('ok' | 'fail')[]) {
  return {
    send: ({ headers, body }: { headers: Record<string, string>; body: Buffer }): Promise<SendResult> =>
      process.step(async () => {
        const text = body.toString();
        if (answers.shift() === 'fail') return { class: 'server_error', status: 500, latencyMs: 1 };
        const { type } = JSON.parse(text) as { type: string };
        received.push({ id: headers['webhook-id']!, body: text, type });
        return { class: 'delivered', status: 204, latencyMs: 1 };
      }),
    close: async () => {},
  };
}

/** Starts every due delivery as a worker does. */
export async function runDeliveries(
  context: WorkerContext,
  queue: DeliveryQueue,
  process: ModelProcess,
): Promise<void> {
  const runtime = createDeliveryRuntime(context);
  const signal = new AbortController().signal;
  for (const [id, entry] of [...queue]) {
    if (entry.dueMs > context.clock.now()) continue;
    entry.starts++;
    const run = await deliver(context, runtime, entry.job, { firstStart: entry.starts === 1, signal });
    await process.step(async () => {
      if (run.kind === 'done' || run.kind === 'exhausted') queue.delete(id);
      else if (run.kind === 'postpone') {
        queue.set(id, { ...entry, job: { ...entry.job, late: run.late }, dueMs: context.clock.now() + run.delayMs });
      }
    });
  }
}

/**
 * Reads one job for operators: times, classes, codes, durations, and the masked result. It leaves out reference and
 * metadata, which are texts of the customer and may name a person.
 */

import { type AttemptRecord, createdAtMs, type JobId, type JobRequest, type JobView } from '@cardseal/core/job';
import type { DeliveryRecord, DeliveryRef, Inventory, StoredDeliveryAttempt, Tombstone } from '@cardseal/core/ledger';
import { deliverJobId, type LiveHint } from '@cardseal/core/queue';
import { maskResult, type Result } from '@cardseal/idcard/card';
import type { AdminContext } from '../context.ts';

interface GenerationView {
  generation: number;
  state: string;
  /** The failure code; null unless it failed. */
  code: string | null;
  retryable: boolean;
  endedAtMs: number | null;
  attempts: readonly AttemptRecord[];
  eventId: string | null;
}

interface DeliveryLine {
  ref: DeliveryRef;
  state: 'delivered' | 'undelivered' | 'parked' | 'exhausted';
  tries: Omit<StoredDeliveryAttempt, 'answer'>[];
}

export interface OperatorView {
  tenant: string;
  job: JobId;
  createdAtMs: number;
  erased: Tombstone | null;
  state: string;
  generation: number;
  sides: { side: string; kept: boolean; recognized: boolean }[];
  waitingFor: string | null;
  expiresAtMs: number | null;
  apiKeyId: string | null;
  generations: GenerationView[];
  deliveries: DeliveryLine[];
  result: Result | null;
}

type ReadParts = Pick<AdminContext, 'ledger' | 'jobQueue'>;

/** Returns null when the tenant has no such job. */
export async function readForOperator(parts: ReadParts, tenant: string, job: JobId): Promise<OperatorView | null> {
  const { ledger, jobQueue } = parts;
  const inventory = await ledger.jobs.inventory(tenant, job);
  const blank = { tenant, job, createdAtMs: createdAtMs(job), generation: inventory.generation };
  if (inventory.erased) {
    const erased = await ledger.jobs.erasures.tombstone(tenant, job);
    return erased && { ...blank, ...EMPTY, erased, state: 'erased' };
  }
  const sealed = inventory.committed ? await ledger.jobs.open(tenant, job) : null;
  const request = await sealed?.request();
  if (!sealed || !request) return null;
  const [ended, hint, deliveries] = await Promise.all([
    Promise.all(inventory.decided.map((generation) => readEnd(parts, tenant, job, generation))),
    jobQueue.hint(job, inventory.generation).catch(() => null),
    readDeliveries(parts, tenant, job),
  ]);
  const open = inventory.decided.includes(inventory.generation) ? null : openGeneration(inventory.generation, hint);
  const generations = [...ended.map(({ line }) => line), ...(open ? [open] : [])];
  const last = generations.at(-1)!;
  const result = ended.at(-1)?.view.result;
  return {
    ...blank,
    erased: null,
    state: last.state,
    sides: sidesOf(request, inventory),
    waitingFor: open ? (hint?.waitingFor ?? null) : null,
    expiresAtMs: request.expiresAtMs,
    apiKeyId: request.apiKeyId,
    generations,
    deliveries,
    result: result && !open ? maskResult(result) : null,
  };
}

const EMPTY = {
  sides: [],
  waitingFor: null,
  expiresAtMs: null,
  apiKeyId: null,
  generations: [],
  deliveries: [],
  result: null,
};

function sidesOf(request: JobRequest, inventory: Inventory): OperatorView['sides'] {
  return request.sides.map((side) => ({
    side,
    kept: inventory.images.includes(side),
    recognized: inventory.replies.includes(side),
  }));
}

async function readEnd({ ledger }: ReadParts, tenant: string, job: JobId, generation: number) {
  const outcome = (await (await ledger.jobs.open(tenant, job))!.outcome(generation))!;
  const view = (JSON.parse(outcome.full) as { data: JobView }).data;
  const line: GenerationView = {
    generation,
    state: outcome.state,
    code: outcome.code === '-' ? null : outcome.code,
    retryable: outcome.state === 'failed' || outcome.state === 'expired',
    endedAtMs: outcome.atMs,
    attempts: view.attempts,
    eventId: outcome.eventId,
  };
  return { line, view };
}

function openGeneration(generation: number, hint: LiveHint | null): GenerationView {
  const state = hint?.active ? 'recognizing' : 'queued';
  const attempts = hint?.attempts ?? [];
  return { generation, state, code: null, retryable: false, endedAtMs: null, attempts, eventId: null };
}

async function readDeliveries({ ledger }: ReadParts, tenant: string, job: JobId): Promise<DeliveryLine[]> {
  const [tried, owed, endpoints] = await Promise.all([
    ledger.deliveries.records.ofJob(tenant, job),
    ledger.jobs.markers.undeliveredOf(tenant, job),
    ledger.tenants.endpoints.list(tenant),
  ]);
  const disabled = endpoints.filter(({ value }) => value.state === 'disabled');
  const parked = (await Promise.all(disabled.map(({ id }) => ledger.jobs.markers.parkedOfJob(tenant, id, job)))).flat();
  const records = new Map<string, { ref: DeliveryRef; last: DeliveryRecord['last'] }>();
  for (const ref of [...owed, ...parked]) records.set(deliverJobId(ref), { ref, last: null });
  for (const record of tried) records.set(deliverJobId(record.ref), record);
  const parkedIds = new Set(parked.map(deliverJobId));
  return Promise.all(
    [...records].map(async ([id, { ref, last }]): Promise<DeliveryLine> => {
      const tries = last ? await ledger.deliveries.records.tries(ref) : [];
      const exhausted = last !== null && last.nextAtMs === null;
      const open = parkedIds.has(id) ? 'parked' : exhausted ? 'exhausted' : 'undelivered';
      const state = last?.class === 'delivered' ? 'delivered' : open;
      // Leave out the response body: it belongs to the receiver and may quote the event.
      return { ref, state, tries: tries.map(({ answer: _answer, ...line }) => line) };
    }),
  );
}

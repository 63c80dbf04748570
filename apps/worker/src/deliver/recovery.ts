/**
 * recover: scans the outcomes that an endpoint's owner asked for again, page by page, and makes them due. It writes a
 * checkpoint after every page, so that another worker continues after a crash. An outcome that becomes due twice is
 * sent with the same id. An outcome that does not open is logged and skipped; a transient error ends the scan, which
 * runs again.
 */
import { createdAtMs } from '@cardseal/core/job';
import {
  type DeliveryRef,
  type EndpointRecord,
  endpointMissing,
  type RecoveryRef,
  type RecoveryState,
} from '@cardseal/core/ledger';
import { resendDelivery } from '@cardseal/core/use-cases';
import { logIfStuck } from '../background/isolation.ts';
import type { WorkerContext } from '../context.ts';

/** From submit to outcome a job takes seconds, and hours after an outage. */
const LONGEST_WORK_MS = 24 * 3_600_000;

export async function recover(context: WorkerContext, ref: RecoveryRef, signal: AbortSignal): Promise<void> {
  const { ledger, log } = context;
  const [state, endpoint] = await Promise.all([
    ledger.deliveries.recoveries.read(ref),
    ledger.tenants.endpoints.get(ref.tenant, ref.endpoint),
  ]);
  if (!state) return;
  // A missing record proves nothing: the recovery stays open until the store has the endpoint again.
  if (!endpoint) throw endpointMissing(ref);
  const sent = endpoint.value.state === 'enabled' ? await scan(context, ref, state, endpoint.value, signal) : 0;
  if (signal.aborted) return;
  await ledger.deliveries.recoveries.finish(ref);
  log.info('endpoint.recovery_done', { tenant: ref.tenant, endpoint_id: ref.endpoint, count: sent });
}

async function scan(
  context: WorkerContext,
  ref: RecoveryRef,
  state: RecoveryState,
  endpoint: EndpointRecord,
  signal: AbortSignal,
): Promise<number> {
  return state.kind === 'parked' ? unpark(context, ref, signal) : resendSince(context, ref, state, endpoint, signal);
}

/** An outcome that is due again is no longer parked: this scan needs no checkpoint. */
async function unpark(context: WorkerContext, { tenant, endpoint }: RecoveryRef, signal: AbortSignal) {
  let count = 0;
  for await (const ref of context.ledger.jobs.markers.parked(tenant, endpoint)) {
    if (signal.aborted) break;
    if (await oweAgain(context, ref)) count++;
  }
  return count;
}

/** @param isWanted decides whether the delivery becomes due; default: always. Returns whether it is due now. */
async function oweAgain(
  { ledger, jobQueue, clock, log, metrics }: WorkerContext,
  ref: DeliveryRef,
  isWanted = async () => true,
): Promise<boolean> {
  try {
    if (!(await isWanted())) return false;
    await resendDelivery({ ledger, jobQueue, clock }, ref);
    return true;
  } catch (error) {
    const passing = logIfStuck({ log, metrics }, ref, error);
    if (passing) throw passing;
    return false;
  }
}

async function resendSince(
  context: WorkerContext,
  ref: RecoveryRef,
  state: RecoveryState,
  endpoint: EndpointRecord,
  signal: AbortSignal,
): Promise<number> {
  const { ledger } = context;
  let { cursor } = state;
  let count = 0;
  for (;;) {
    const page = await ledger.deliveries.recoveries.outcomes(ref.tenant, state.untilMs, cursor);
    for (const { job, generation, state: outcome } of page.outcomes) {
      if (signal.aborted) return count;
      if (createdAtMs(job) < state.sinceMs - LONGEST_WORK_MS) return count;
      const delivery = { tenant: ref.tenant, job, generation, endpoint: ref.endpoint };
      if (await oweAgain(context, delivery, () => isWanted(context, delivery, endpoint, outcome, state))) count++;
    }
    if (page.next === null) return count;
    cursor = page.next;
    await ledger.deliveries.recoveries.reached(ref, { ...state, cursor });
  }
}

async function isWanted(
  { ledger }: WorkerContext,
  ref: DeliveryRef & { job: `job_${string}` },
  endpoint: EndpointRecord,
  outcomeState: string,
  { sinceMs, untilMs }: RecoveryState,
): Promise<boolean> {
  if (endpoint.events && !endpoint.events.includes(`job.${outcomeState}` as never)) return false;
  const sealed = await ledger.jobs.open(ref.tenant, ref.job);
  const [outcome, request] = await Promise.all([sealed?.outcome(ref.generation), sealed?.request()]);
  if (!outcome || outcome.atMs < sinceMs || outcome.atMs > untilMs) return false;
  if (request?.endpointIds && !request.endpointIds.includes(ref.endpoint)) return false;
  const { last } = await ledger.deliveries.records.read(ref);
  return last?.class !== 'delivered';
}

/**
 * The state of one accepted job, from the names of the ledger: open, finished and delivered, or inconsistent. An
 * inconsistent job is read once more by itself, because a scan over many names is no snapshot.
 */
import { asCardsealError } from '@cardseal/base/errors';
import type { JobId } from '../job/index.ts';
import { createdAtMs } from '../job/index.ts';
import type { DayJob, DeliveryRef, EndpointRecord, Ledger, Versioned } from '../ledger/index.ts';

/** `unaddressed`: no endpoint was subscribed. `exhausted` counts as undelivered, and can be sent again. */
type Delivery = 'delivered' | 'parked' | 'undelivered' | 'unaddressed';

/**
 * `lost`: accepted, without an outcome and without a marker. `headless`: accepted, and its request is lost or one of
 * its objects does not open. `untold`: a subscribed endpoint never had a delivery. `forgotten`: its delivery has had
 * an attempt, has attempts left, and has no marker.
 */
const PROBLEMS = ['lost', 'headless', 'untold', 'forgotten'] as const;
type Problem = (typeof PROBLEMS)[number];

export interface JobLine {
  id: JobId;
  generation: number;
  state: 'open' | 'finished' | 'erased' | 'lost';
  /** Set for a finished job. */
  delivery?: Delivery;
  problem?: Problem;
}

export interface ManifestCounts {
  accepted: number;
  finished: number;
  open: number;
  delivered: number;
  parked: number;
  undelivered: number;
  unaddressed: number;
  erased: number;
}

export interface Judge {
  ledger: Ledger;
  tenant: string;
  endpoints: readonly Versioned<EndpointRecord>[];
}

/** null for a submission that was never committed. */
export async function judge(judge: Judge, found: DayJob): Promise<JobLine | null> {
  const line = await lineOf(judge, found);
  if (!line?.problem) return line;
  return lineOf(judge, await lookAgain(judge, found.job));
}

/** A job that does not open is one problem. It must not stop the report about the others. */
async function readable(line: JobLine, rest: () => Promise<Partial<JobLine>>): Promise<JobLine> {
  try {
    return { ...line, ...(await rest()) };
  } catch (error) {
    if (asCardsealError(error).disposition !== 'defect') throw error;
    return { ...line, state: 'lost', problem: 'headless' };
  }
}

async function lineOf(judge: Judge, found: DayJob): Promise<JobLine | null> {
  const { job: id, committed, erased, requestLost, decided, open } = found;
  const generation = Math.max(1, ...decided, ...open);
  if (erased) return { id, generation, state: 'erased' };
  if (!committed) return requestLost ? { id, generation, state: 'lost', problem: 'headless' } : null;
  // While its marker exists it is being announced.
  if (open.includes(generation)) return { id, generation, state: 'open' };
  if (!decided.includes(generation)) return { id, generation, state: 'lost', problem: 'lost' };
  return readable({ id, generation, state: 'finished' }, () => deliveryOf(judge, found, generation));
}

async function deliveryOf(
  judge: Judge,
  { job, undelivered, parked, tries }: DayJob,
  generation: number,
): Promise<{ delivery: Delivery; problem?: Problem }> {
  const ofThis = (ref: DeliveryRef) => ref.generation === generation;
  const isOf = (ref: DeliveryRef) => (other: DeliveryRef) => ofThis(other) && other.endpoint === ref.endpoint;
  const newest = tries.filter(({ ref }) => ofThis(ref) && !undelivered.some(isOf(ref)) && !parked.some(isOf(ref)));
  const ends = await Promise.all(newest.map(({ name }) => judge.ledger.reports.manifests.readTry(name)));
  const left = ends.filter((end) => end !== null && end.class !== 'delivered');
  const gone = (id: string) => judge.endpoints.find((endpoint) => endpoint.id === id)?.value.state === 'deleted';
  const forgotten = newest.some(
    ({ ref }, at) => ends[at]?.nextAtMs && ends[at].class !== 'delivered' && !gone(ref.endpoint),
  );
  if (forgotten) return { delivery: 'undelivered', problem: 'forgotten' };
  if (undelivered.some(ofThis) || left.length > 0) return { delivery: 'undelivered' };
  if (parked.some(ofThis)) return { delivery: 'parked' };
  if (newest.length > 0) return { delivery: 'delivered' };
  return (await isUntold(judge, job, generation))
    ? { delivery: 'undelivered', problem: 'untold' }
    : { delivery: 'unaddressed' };
}

/** Only for a job without any delivery. An endpoint that added event types later counts as subscribed. */
async function isUntold({ ledger, tenant, endpoints }: Judge, job: JobId, generation: number): Promise<boolean> {
  const early = endpoints.filter(({ value }) => value.state !== 'deleted' && value.createdAtMs <= createdAtMs(job));
  if (early.length === 0) return false;
  const sealed = await ledger.jobs.open(tenant, job);
  const [request, outcome] = await Promise.all([sealed?.request(), sealed?.outcome(generation)]);
  if (!request || !outcome) return false;
  return early.some(
    ({ id, value }) =>
      (request.endpointIds === null || request.endpointIds.includes(id)) &&
      (value.events === null || value.events.includes(`job.${outcome.state}`)),
  );
}

async function lookAgain({ ledger, tenant, endpoints }: Judge, job: JobId): Promise<DayJob> {
  const { committed, erased, requestLost, decided, open } = await ledger.jobs.inventory(tenant, job);
  const disabled = endpoints.filter(({ value }) => value.state === 'disabled');
  const [undelivered, parked, tries] = await Promise.all([
    ledger.jobs.markers.undeliveredOf(tenant, job),
    Promise.all(disabled.map(({ id }) => ledger.jobs.markers.parkedOfJob(tenant, id, job))),
    ledger.deliveries.records.newestNames(tenant, job),
  ]);
  return { job, committed, erased, requestLost, decided, open, undelivered, parked: parked.flat(), tries };
}

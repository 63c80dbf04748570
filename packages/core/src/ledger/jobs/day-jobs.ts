/**
 * Every job of a span of time with the names that show its state: its objects, its markers, its deliveries. All these
 * names sort by job id, so that one scan over each kind is enough and memory stays constant.
 */

import { type ObjectStore, scan } from '@cardseal/object-store';
import { encodeTime } from 'ulid';
import type { JobId } from '../../job/index.ts';
import { newestOfEach } from '../deliveries/deliveries.ts';
import { type DeliveryRef, parseDelivery, parsePending, paths } from '../paths.ts';
import { keptNames } from './inventory.ts';

export interface DayJob {
  job: JobId;
  committed: boolean;
  erased: boolean;
  /** The store lost the request of an accepted job, see `KeptNames`. */
  requestLost: boolean;
  /** Generations with an outcome. */
  decided: number[];
  /** Generations with a marker. */
  open: number[];
  undelivered: DeliveryRef[];
  parked: DeliveryRef[];
  /** Names of the newest attempt of each delivery. */
  tries: { ref: DeliveryRef; name: string }[];
}

export interface DayStretch {
  /** Epoch milliseconds; the end is exclusive. */
  fromMs: number;
  toMs: number;
  /** Continues after this job. */
  after?: JobId | undefined;
  /** Endpoints at which deliveries may be parked. */
  disabled: readonly string[];
}

export async function* jobsOfDay(store: ObjectStore, tenant: string, stretch: DayStretch): AsyncGenerator<DayJob> {
  // `~` sorts after every character of a job's names.
  const from = stretch.after === undefined ? `job_${encodeTime(stretch.fromMs, 10)}` : `${stretch.after}~`;
  const until = `job_${encodeTime(stretch.toMs, 10)}`;
  const start = (prefix: string) => follow(scan(store, prefix, prefix + from), prefix, until);
  // Markers are read before objects: a generation that ends between the two reads has its outcome by then.
  const pending = start(paths.pendingOfTenant(tenant));
  const undelivered = start(paths.undeliveredOfTenant(tenant));
  const tries = start(paths.deliveriesOfTenant(tenant));
  const parked = stretch.disabled.map((endpoint) => start(paths.parkedOf(tenant, endpoint)));
  await Promise.all([pending, undelivered, ...parked].map((names) => names.begin()));
  const objects = start(`jobs/${tenant}/`);
  for (let job = await objects.next(); job !== null; job = await objects.next()) {
    const own = await objects.take(job);
    const { committed, erased, decided, ...kept } = keptNames(tenant, job, own);
    const open = (await pending.take(job)).flatMap((name) => parsePending(name)?.generation ?? []);
    yield {
      job,
      committed,
      erased,
      decided,
      requestLost: kept.requestLost || (!committed && !erased && open.some((generation) => generation > 1)),
      open,
      undelivered: refsOf(await undelivered.take(job)),
      parked: (await Promise.all(parked.map((names) => names.take(job)))).flatMap(refsOf),
      tries: newestOfEach(await tries.take(job)),
    };
  }
}

const JOB = /^job_[0-9A-Z]{26}/;

/** Names in the order of their jobs, one job at a time. */
function follow(names: AsyncGenerator<string>, prefix: string, until: string) {
  let head: string | null | undefined;
  const jobOf = (name: string) => JOB.exec(name.slice(prefix.length))?.[0] as JobId | undefined;
  async function advance(): Promise<void> {
    const { value, done } = await names.next();
    head = done || value.slice(prefix.length) >= until ? null : value;
  }
  async function begin(): Promise<void> {
    if (head === undefined) await advance();
  }
  return {
    begin,
    async next(): Promise<JobId | null> {
      await begin();
      while (head && !jobOf(head)) await advance();
      return head ? jobOf(head)! : null;
    },
    /** Names of this job; names of earlier jobs are skipped. */
    async take(job: JobId): Promise<string[]> {
      await begin();
      while (head && head.slice(prefix.length) < job) await advance();
      const own: string[] = [];
      for (; head && jobOf(head) === job; await advance()) own.push(head);
      return own;
    },
  };
}

function refsOf(names: readonly string[]): DeliveryRef[] {
  return names.map(parseDelivery).filter((ref) => ref !== null);
}

/** Lists jobs, filtered and newest first, from the names of index and markers alone. It opens no object. */

import type { Clock } from '@cardseal/base/clock';
import type { ObjectStore } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { encodeTime } from 'ulid';
import { fromInverted, type JobId, type OutcomeState } from '../../job/index.ts';
import { paths } from '../paths.ts';
import { type IndexEntry, type IndexName, lastEntry } from './index-names.ts';
import { namesOfPrefix, newestNames } from './newest-names.ts';
import { referenceMac } from './reference-mac.ts';

const EMPTY = Buffer.alloc(0);
/** The most names that a page without a time limit reads: a rare match costs several pages, never a hang. */
const MAX_NAMES_PER_PAGE = 10_000;

export interface ListingFilter {
  /** `queued` includes jobs that a worker is processing: names do not contain the worker. */
  state?: string | undefined;
  /** Any of these, in addition to `state`. */
  states?: readonly string[] | undefined;
  reference?: string | undefined;
  /** The code of the outcome, for example why it failed. */
  code?: string | undefined;
  /** Epoch milliseconds; both ends are exclusive. */
  createdAfterMs?: number | undefined;
  createdBeforeMs?: number | undefined;
}

interface ListingPage {
  jobs: JobId[];
  /** What the names say about each job. */
  entries: IndexEntry[];
  /** Pass it as `after` of the next page; null when no older job can match. A page before the end may be short. */
  next: JobId | null;
}

export interface Listing {
  finished(
    tenant: string,
    job: JobId,
    reference: string | null,
    outcome: { generation: number; state: OutcomeState; code: string },
  ): Promise<void>;
  /** `untilMs`, by the clock: when to stop reading, however little was found. */
  page(
    tenant: string,
    filter: ListingFilter,
    options: { after?: JobId | undefined; limit: number; untilMs?: number | undefined },
  ): Promise<ListingPage>;
  /** The newest name of each job of that time, newest first; both ends inclusive. */
  between(tenant: string, fromMs: number, toMs: number): AsyncGenerator<IndexEntry>;
  /** The newest name of each job whose id starts with `idPrefix`, newest first. */
  entries(tenant: string, idPrefix: string): AsyncGenerator<IndexEntry>;
}

export function createListing(store: ObjectStore, keyring: Keyring, clock: Clock): Listing {
  return {
    async finished(tenant, job, reference, { generation, state, code }) {
      const mac = await referenceMac(keyring, tenant, reference);
      await store.put(paths.indexFinished(tenant, job, mac, generation, state, code), EMPTY);
    },
    async page(tenant, filter, { after, limit, untilMs }) {
      const goesOn = (looked: number) => (untilMs === undefined ? looked < MAX_NAMES_PER_PAGE : clock.now() < untilMs);
      const mac = filter.reference === undefined ? undefined : await referenceMac(keyring, tenant, filter.reference);
      const page: ListingPage = { jobs: [], entries: [], next: null };
      let looked = 0;
      for await (const entry of newestOfEach(newestNames(store, clock, tenant, boundOf(filter, after)))) {
        if (filter.createdAfterMs !== undefined && entry.createdAtMs <= filter.createdAfterMs) return page;
        looked += entry.names;
        if (matches(entry, filter, mac)) {
          page.jobs.push(entry.job);
          page.entries.push(entry);
        }
        if (page.jobs.length < limit && goesOn(looked)) continue;
        page.next = entry.job;
        return page;
      }
      return page;
    },
    async *between(tenant, fromMs, toMs) {
      for await (const entry of newestOfEach(newestNames(store, clock, tenant, encodeTime(toMs + 1, 10)))) {
        if (entry.createdAtMs < fromMs) return;
        yield entry;
      }
    },
    entries: (tenant, idPrefix) => newestOfEach(namesOfPrefix(store, tenant, idPrefix)),
  };
}

/** The ULID, or the start of one, that is later than every id of the page. */
function boundOf({ createdBeforeMs }: ListingFilter, after: JobId | undefined): string {
  const bounds = [
    ...(after === undefined ? [] : [after.slice('job_'.length)]),
    ...(createdBeforeMs === undefined ? [] : [encodeTime(Math.max(0, Math.floor(createdBeforeMs)), 10)]),
  ];
  return bounds.sort()[0] ?? '';
}

function matches(entry: IndexEntry, { state, states, code }: ListingFilter, mac: string | undefined): boolean {
  if (mac !== undefined && entry.referenceMac !== mac) return false;
  if (code !== undefined && entry.code !== code) return false;
  if (states !== undefined && !states.includes(entry.state)) return false;
  return state === undefined || entry.state === state || (state === 'recognizing' && entry.state === 'queued');
}

/** The names of one job follow each other. The highest generation counts, and within it the outcome. */
async function* newestOfEach(names: AsyncGenerator<IndexName>): AsyncGenerator<IndexEntry> {
  let group: IndexName[] = [];
  for await (const name of names) {
    if (group[0] && group[0].id !== name.id) {
      yield lastEntry(fromInverted(group[0].id), group);
      group = [];
    }
    group.push(name);
  }
  if (group[0]) yield lastEntry(fromInverted(group[0].id), group);
}

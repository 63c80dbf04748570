/** The index: empty objects whose names answer lists and filters, newest first. No look at it opens anything. */
import { createHmac } from 'node:crypto';
import { fromInverted, inverted, type JobId, type OutcomeState } from '../job/index.ts';
import { type IndexEntry, lastEntry, parseIndexName, pastMs } from './index-names.ts';
import type { Keyring } from './keyring.ts';
import { paths } from './paths.ts';
import { type ObjectStore, walk } from './store/object-store.ts';

const EMPTY = Buffer.alloc(0);
/** A page looks at no more names than this, however few of them match: a rare match costs pages, never a hang. */
const MAX_NAMES_PER_PAGE = 10_000;

export interface ListingFilter {
  /** `queued` also stands for a job at work: names do not know of workers. */
  state?: string | undefined;
  reference?: string | undefined;
  /** Milliseconds since the epoch; both ends are exclusive. */
  createdAfterMs?: number | undefined;
  createdBeforeMs?: number | undefined;
}

export interface ListingPage {
  jobs: JobId[];
  /** Pass it as `after` of the next page; null when nothing older can match. A page may be short before the end. */
  next: JobId | null;
}

export interface Listing {
  submitted(tenant: string, job: JobId, reference: string | null): Promise<void>;
  /** A further generation is open. */
  reopened(tenant: string, job: JobId, reference: string | null, generation: number): Promise<void>;
  finished(
    tenant: string,
    job: JobId,
    reference: string | null,
    outcome: { generation: number; state: OutcomeState; code: string },
  ): Promise<void>;
  page(
    tenant: string,
    filter: ListingFilter,
    options: { after?: JobId | undefined; limit: number },
  ): Promise<ListingPage>;
  /** The newest name of each job whose id starts with `idPrefix`, newest first. */
  entries(tenant: string, idPrefix: string): AsyncGenerator<IndexEntry>;
}

export function createListing(store: ObjectStore, keyring: Keyring): Listing {
  return {
    async submitted(tenant, job, reference) {
      await store.put(paths.indexSubmitted(tenant, job, await referenceMac(keyring, tenant, reference)), EMPTY);
    },
    async reopened(tenant, job, reference, generation) {
      const mac = await referenceMac(keyring, tenant, reference);
      await store.put(paths.indexFinished(tenant, job, mac, generation, 'queued', '-'), EMPTY);
    },
    async finished(tenant, job, reference, { generation, state, code }) {
      const mac = await referenceMac(keyring, tenant, reference);
      await store.put(paths.indexFinished(tenant, job, mac, generation, state, code), EMPTY);
    },
    async page(tenant, filter, { after, limit }) {
      const mac = filter.reference === undefined ? undefined : await referenceMac(keyring, tenant, filter.reference);
      const from = paths.index(tenant) + startOf(filter, after);
      const page: ListingPage = { jobs: [], next: null };
      let looked = 0;
      for await (const entry of newestOfEach(walk(store, paths.index(tenant), from))) {
        if (filter.createdAfterMs !== undefined && entry.createdAtMs <= filter.createdAfterMs) return page;
        looked += entry.names;
        if (matches(entry, filter.state, mac)) page.jobs.push(entry.job);
        if (page.jobs.length < limit && looked < MAX_NAMES_PER_PAGE) continue;
        page.next = entry.job;
        return page;
      }
      return page;
    },
    entries(tenant, idPrefix) {
      const prefix = inverted(`job_${idPrefix}`);
      return newestOfEach(walk(store, paths.index(tenant) + prefix));
    },
  };
}

/** Where a walk begins: `~` sorts behind every character of a name. */
function startOf({ createdBeforeMs }: ListingFilter, after: JobId | undefined): string {
  const starts = [
    ...(after === undefined ? [] : [`${inverted(after)}~`]),
    ...(createdBeforeMs === undefined ? [] : [pastMs(createdBeforeMs)]),
  ];
  return starts.sort().at(-1) ?? '';
}

function matches(entry: IndexEntry, state: string | undefined, mac: string | undefined): boolean {
  if (mac !== undefined && entry.referenceMac !== mac) return false;
  return state === undefined || entry.state === state || (state === 'recognizing' && entry.state === 'queued');
}

/** The names of one job follow each other; the highest generation, and in it the outcome, speaks for it. */
async function* newestOfEach(names: AsyncGenerator<string>): AsyncGenerator<IndexEntry> {
  let group: { id: string; names: string[] } | null = null;
  for await (const name of names) {
    const parsed = parseIndexName(name);
    if (!parsed) continue;
    if (group && group.id !== parsed.id) {
      yield lastEntry(fromInverted(group.id), group.names);
      group = null;
    }
    group ??= { id: parsed.id, names: [] };
    group.names.push(name);
  }
  if (group) yield lastEntry(fromInverted(group.id), group.names);
}

/** References are the customer's own and may be personal: names hold an HMAC of them, `-` for none. */
async function referenceMac(keyring: Keyring, tenant: string, reference: string | null): Promise<string> {
  if (reference === null) return '-';
  return createHmac('sha256', await keyring.tenantKey(tenant))
    .update(`reference:${reference}`)
    .digest('hex')
    .slice(0, 32);
}

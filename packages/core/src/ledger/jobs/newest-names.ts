/**
 * The names of a tenant's jobs, newest job first. The index says how generations ended, the markers which ones are
 * open. Markers sort oldest first, because the reconciler puts them back in that order; here they are read backwards,
 * one range of time after the other. A range of markers is read before the same range of the index, so that a job that
 * ends in between is in one of the two.
 */

import type { Clock } from '@cardseal/base/clock';
import { type ObjectStore, scan } from '@cardseal/object-store';
import { decodeTime, encodeTime } from 'ulid';
import { inverted } from '../../job/index.ts';
import { parsePending, paths } from '../paths.ts';
import { type IndexName, parseIndexName } from './index-names.ts';

/** Markers in memory at once. A millisecond with more markers is one batch and is read as a whole. */
const PAGE = 1000;
const FIRST_STRETCH_MS = 1000;
const TIME_DIGITS = 10;

interface Stretch {
  /** The names of its markers, newest first. */
  open: IndexName[];
  /** A ULID, or the start of one: the range contains the ids from here on; empty for the last range. */
  from: string;
  /** The exclusive end of the range; empty for none. */
  before: string;
}

/** @param before a ULID, or the start of one, that is later than all wanted ids; empty for all. */
export async function* newestNames(
  store: ObjectStore,
  clock: Clock,
  tenant: string,
  before: string,
): AsyncGenerator<IndexName> {
  for await (const stretch of stretches(store, clock, tenant, before)) {
    yield* merged(stretch.open, indexNames(store, tenant, stretch));
  }
}

/** All names of jobs with this id prefix; only for as many markers as fit in memory. */
export async function* namesOfPrefix(store: ObjectStore, tenant: string, idPrefix: string): AsyncGenerator<IndexName> {
  const open = await Array.fromAsync(scan(store, `${paths.pendingOfTenant(tenant)}job_${idPrefix}`));
  const index = scan(store, paths.index(tenant) + inverted(`job_${idPrefix}`));
  yield* merged(newestFirst(open), parsed(index));
}

async function* stretches(store: ObjectStore, clock: Clock, tenant: string, before: string): AsyncGenerator<Stretch> {
  const prefix = paths.pendingOfTenant(tenant);
  const first = await store.list(prefix, { limit: PAGE });
  if (first.next === null) return yield { open: until(first.keys, prefix, before), from: '', before };
  const timeOf = (key: string) => msOf(key.slice(`${prefix}job_`.length));
  const oldestMs = timeOf(first.keys[0]!);
  let end = before;
  let endMs = before === '' ? clock.now() + 1 : msOf(before) + 1;
  // Each range costs a list of markers and of the index, however short it is. The oldest markers show how dense they
  // are.
  let widthMs = Math.max(FIRST_STRETCH_MS, Math.ceil((timeOf(first.keys.at(-1)!) - oldestMs) / 2));
  for (;;) {
    const startMs = Math.max(0, endMs - widthMs);
    const from = encodeTime(startMs, TIME_DIGITS);
    const keys = await keysBetween(store, prefix, from, end, widthMs > 1 ? PAGE : Number.POSITIVE_INFINITY);
    if (keys === null) {
      widthMs = Math.max(1, Math.floor(widthMs / 8));
      continue;
    }
    const last = startMs <= oldestMs;
    yield { open: newestFirst(keys), from: last ? '' : from, before: end };
    if (last) return;
    if (keys.length < PAGE / 4) widthMs *= 4;
    [end, endMs] = [from, startMs];
  }
}

/** null when there are more than `atMost`. */
async function keysBetween(store: ObjectStore, prefix: string, from: string, before: string, atMost: number) {
  const keys: string[] = [];
  for await (const key of scan(store, prefix, `${prefix}job_${from}`)) {
    if (before !== '' && key >= `${prefix}job_${before}`) break;
    if (keys.push(key) > atMost) return null;
  }
  return keys;
}

function until(keys: readonly string[], prefix: string, before: string): IndexName[] {
  return newestFirst(before === '' ? keys : keys.filter((key) => key < `${prefix}job_${before}`));
}

/** The index describes an erasure in progress, so its marker is left out. */
function newestFirst(keys: readonly string[]): IndexName[] {
  return keys.toReversed().flatMap((key): IndexName[] => {
    const marker = parsePending(key);
    if (!marker || marker.generation === 0) return [];
    const { job, generation, reference } = marker;
    return [{ id: inverted(job), referenceMac: reference, generation, state: 'queued', code: '-' }];
  });
}

async function* indexNames(store: ObjectStore, tenant: string, { from, before }: Stretch): AsyncGenerator<IndexName> {
  const prefix = paths.index(tenant);
  const start = before === '' ? '' : `${inverted(`job_${before}`)}~`;
  const end = `${inverted(`job_${from}`)}~`;
  for await (const name of parsed(scan(store, prefix, prefix + start))) {
    if (name.id > end) return;
    yield name;
  }
}

async function* parsed(keys: AsyncIterable<string>): AsyncGenerator<IndexName> {
  for await (const key of keys) {
    const name = parseIndexName(key);
    if (name) yield name;
  }
}

/** Merges two orders into one: the names of one job follow each other. */
async function* merged(open: readonly IndexName[], index: AsyncIterable<IndexName>): AsyncGenerator<IndexName> {
  let at = 0;
  for await (const name of index) {
    while (at < open.length && open[at]!.id <= name.id) yield open[at++]!;
    yield name;
  }
  yield* open.slice(at);
}

function msOf(ulid: string): number {
  return decodeTime(ulid.slice(0, 26).padEnd(26, '0'));
}

/** What the names of a job's objects show without opening any: stored sides, decided generations, erasure, loss. */
import { DefectError } from '@cardseal/base/errors';
import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { JobId, Side } from '../../job/index.ts';
import { SIDES } from '../../job/index.ts';
import { parsePending, paths } from '../paths.ts';

/** What the names under the job itself show. */
export interface KeptNames {
  committed: boolean;
  erased: boolean;
  /**
   * The `request` is missing, and an object exists that only an accepted job has. The store lost the request: this is
   * never an interrupted submit.
   */
  requestLost: boolean;
  /** A sweep deletes the images of the job: no process may open another generation. */
  windowClosed: boolean;
  images: Side[];
  replies: Side[];
  /** Generations that have an outcome, ascending. */
  decided: number[];
}

export interface Inventory extends KeptNames {
  /** Generations that have a `pending` marker, ascending. */
  open: number[];
  /** The generation that a reader sees: the open one, else the last decided one. */
  generation: number;
  /** Full names, for deletion. */
  keys: string[];
}

export async function takeInventory(store: ObjectStore, tenant: string, job: JobId): Promise<Inventory> {
  const [keys, markers] = await Promise.all([
    listAll(store, paths.job(tenant, job)),
    listAll(store, paths.pendingOf(tenant, job)),
  ]);
  const kept = keptNames(tenant, job, keys);
  const open = ascending(markers.map((key) => parsePending(key)?.generation).filter((n) => n !== undefined));
  // Only a retry of an accepted job opens a second generation.
  const requestLost = kept.requestLost || (!kept.committed && !kept.erased && open.some((n) => n > 1));
  return { ...kept, requestLost, open, generation: Math.max(1, ...kept.decided, ...open), keys };
}

export function keptNames(tenant: string, job: JobId, keys: readonly string[]): KeptNames {
  const names = new Set(keys.map((key) => key.slice(paths.job(tenant, job).length)));
  const committed = names.has('request');
  const erased = names.has('tombstone');
  return {
    committed,
    erased,
    requestLost: !committed && !erased && [...names].some(isWrittenAfterCommit),
    windowClosed: names.has('window-closed'),
    images: SIDES.filter((side) => names.has(`${side}.image`)),
    replies: SIDES.filter((side) => names.has(`${side}.reply`)),
    decided: ascending(keys.map((key) => /\/outcome\.(\d+)$/.exec(key)?.[1]).filter((n) => n !== undefined)),
  };
}

/** Before its commit a submit writes only images. Replies, crops, outcomes and the rest follow the commit. */
export function isWrittenAfterCommit(name: string): boolean {
  return name !== 'request' && name !== 'tombstone' && !name.endsWith('.image');
}

export function requestMissing(tenant: string, job: JobId): DefectError {
  return new DefectError('job_request_missing', { fields: { tenant, job } });
}

/** Throws DefectError `job_request_missing` when the store lost the request of the job. */
export function assertRequestKept({ requestLost }: KeptNames, tenant: string, job: JobId): void {
  if (requestLost) throw requestMissing(tenant, job);
}

function ascending(values: readonly (string | number)[]): number[] {
  return values.map(Number).sort((a, b) => a - b);
}

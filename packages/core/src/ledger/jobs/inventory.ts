/** What the names of a job's objects show without opening any: sides kept, generations decided, erasure, loss. */
import { DefectError } from '@cardseal/base/errors';
import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { JobId, Side } from '../../job/index.ts';
import { SIDES } from '../../job/index.ts';
import { parsePending, paths } from '../paths.ts';

/** What the names under the job itself tell. */
export interface KeptNames {
  committed: boolean;
  erased: boolean;
  /**
   * The `request` is not there, and something is there that only an accepted job has. The store lost the request: such a
   * job is never an interrupted submit.
   */
  requestLost: boolean;
  /** Its pictures are being taken away: nobody may open a further generation. */
  windowClosed: boolean;
  images: Side[];
  replies: Side[];
  /** Generations that have an outcome, ascending. */
  decided: number[];
}

export interface Inventory extends KeptNames {
  /** Generations whose `pending` marker stands, ascending. */
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

/** A submit writes images before its commit and nothing else: replies, crops, outcomes and the rest follow the commit. */
export function isWrittenAfterCommit(name: string): boolean {
  return name !== 'request' && name !== 'tombstone' && !name.endsWith('.image');
}

export function requestMissing(tenant: string, job: JobId): DefectError {
  return new DefectError('job_request_missing', { fields: { tenant, job } });
}

/** Throws DefectError `job_request_missing` when the store lost the job's request. */
export function assertRequestKept({ requestLost }: KeptNames, tenant: string, job: JobId): void {
  if (requestLost) throw requestMissing(tenant, job);
}

function ascending(values: readonly (string | number)[]): number[] {
  return values.map(Number).sort((a, b) => a - b);
}

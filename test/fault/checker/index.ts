/**
 * The independent checker: what clients were told, what was done, the emulator's journal of calls, the receiver's log
 * and the ledger at rest are held against the invariants. It shares no state with the run, and says what is wrong in words.
 */
import { type ObjectStore, walk } from '@cardseal/core/ledger';
import { violationsOfBounds, violationsOfTenants } from './bounds.ts';
import { calledAgain, violationsOfCalls } from './calls.ts';
import type { Arrived, Call, Evidence } from './evidence.ts';
import { violationsOfOutcomes } from './outcomes.ts';

export { countRepeats, type Repeats } from './calls.ts';
export type * from './evidence.ts';

const AT_ONCE = 8;

/** Empty when every invariant holds. */
export async function violations(evidence: Evidence): Promise<string[]> {
  const { told } = evidence;
  const arrived = grouped(evidence.arrived, ({ job }) => job);
  const calls = grouped(evidence.calls, ({ image_sha256 }) => image_sha256 ?? '');
  const found: string[] = [];
  for (let from = 0; from < told.length; from += AT_ONCE) {
    const some = told
      .slice(from, from + AT_ONCE)
      .map(async (job) => [
        ...(await violationsOfOutcomes(evidence, job, arrived.get(job.id) ?? [])),
        ...(await calledAgain(evidence, job, calls.get(job.pictureSha256))),
      ]);
    found.push(...(await Promise.all(some)).flat());
  }
  found.push(...(await leftovers(evidence.bucket)), ...violationsOfCalls(evidence));
  found.push(...violationsOfTenants(evidence), ...violationsOfBounds(evidence));
  if (new Set(told.map(({ id }) => id)).size !== told.length) found.push('I1: two submits were told the same job');
  return found;
}

function grouped<T extends Arrived | Call>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

async function leftovers(bucket: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of ['pending/', 'undelivered/']) {
    for await (const name of walk(bucket, prefix)) found.push(`I6: ${name} still stands`);
  }
  return found;
}

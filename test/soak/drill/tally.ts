/** The tally of a drill after it has settled: accepted jobs, how they ended, and what each consumer received. */
import { setTimeout as delay } from 'node:timers/promises';
import { scan } from '@cardseal/object-store';
import { bucketOf } from '../../chaos/bucket-copy.ts';
import type { TestStack } from '../../support/stack.ts';
import type { DrillEnvironment } from './environment.ts';

export interface Tally {
  accepted: number;
  succeeded: number;
  /** Jobs that did not succeed: id, state and failure code. */
  otherwise: string[];
  /** Outcomes that a consumer did not receive. */
  undelivered: string[];
  unverified: number;
  /** Calls beyond the first for an image. A worker that crashes during a call may cause some. */
  calledTwice: number;
}

const POLL_MS = 500;
const AT_ONCE = 16;

/** Resolves when the ledger owes nothing. @throws Error with the remaining work after `withinMs`. */
export async function untilSettled(app: TestStack, withinMs: number): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  const bucket = bucketOf(app);
  for (;;) {
    const owed: string[] = [];
    for (const prefix of ['pending/', 'undelivered/', 'parked/']) {
      for await (const name of scan(bucket, prefix)) owed.push(name);
    }
    if (owed.length === 0) return;
    if (Date.now() > deadlineMs) throw new Error(`${owed.length} still owed, such as ${owed[0]}`);
    await delay(POLL_MS);
  }
}

export async function takeTally(
  { app, steady, failing }: DrillEnvironment,
  accepted: readonly string[],
): Promise<Tally> {
  const tally: Tally = {
    accepted: accepted.length,
    succeeded: 0,
    otherwise: [],
    undelivered: [],
    unverified: 0,
    calledTwice: 0,
  };
  const left = [...accepted];
  async function take(): Promise<void> {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const { body } = await app.call('GET', `/v1/jobs/${id}`);
      if (body.state === 'succeeded') tally.succeeded++;
      else tally.otherwise.push(`${id}: ${body.state} ${body.failure?.code ?? ''}`);
      // A failed generation has an outcome too.
      for (let generation = 1; generation <= body.generation; generation++) {
        for (const { outcomes, host } of [steady, failing]) {
          if (!outcomes.has(`${id}.${generation}`)) tally.undelivered.push(`${id}.${generation} to ${host}`);
        }
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, take));
  tally.unverified = steady.unverified() + failing.unverified();
  tally.calledTwice = (await app.stats()).duplicates_by_image!;
  return tally;
}

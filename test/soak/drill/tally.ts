/** The books of a drill once all is quiet: what was accepted, how it ended, and what reached each consumer. */
import { setTimeout as delay } from 'node:timers/promises';
import { scan } from '@cardseal/object-store';
import { bucketOf } from '../../chaos/bucket-copy.ts';
import type { TestStack } from '../../support/stack.ts';
import type { Scene } from './environment.ts';

export interface Books {
  accepted: number;
  succeeded: number;
  /** Neither succeeded nor erased by anybody: id and how it stands. */
  otherwise: string[];
  /** Outcomes that a consumer lacks. */
  undelivered: string[];
  unverified: number;
  /** Calls beyond the first for a picture; a worker that dies on the wire may cost some. */
  calledTwice: number;
}

const LOOK_AGAIN_MS = 500;
const AT_ONCE = 16;

/** Resolves when the ledger owes nothing. Throws with what is owed when it does so for too long. */
export async function untilQuiet(app: TestStack, withinMs: number): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  const bucket = bucketOf(app);
  for (;;) {
    const owed: string[] = [];
    for (const prefix of ['pending/', 'undelivered/', 'parked/']) {
      for await (const name of scan(bucket, prefix)) owed.push(name);
    }
    if (owed.length === 0) return;
    if (Date.now() > deadlineMs) throw new Error(`${owed.length} still owed, such as ${owed[0]}`);
    await delay(LOOK_AGAIN_MS);
  }
}

export async function closeBooks({ app, steady, faltering }: Scene, accepted: readonly string[]): Promise<Books> {
  const books: Books = {
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
      if (body.state === 'succeeded') books.succeeded++;
      else books.otherwise.push(`${id}: ${body.state} ${body.failure?.code ?? ''}`);
      // A generation that failed was an outcome too.
      for (let generation = 1; generation <= body.generation; generation++) {
        for (const { outcomes, host } of [steady, faltering]) {
          if (!outcomes.has(`${id}.${generation}`)) books.undelivered.push(`${id}.${generation} to ${host}`);
        }
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, take));
  books.unverified = steady.unverified() + faltering.unverified();
  books.calledTwice = (await app.stats()).duplicates_by_image!;
  return books;
}

/**
 * A bulk retry of many failed jobs: a dry run, a start at a given rate, a kill of the process half-way, and the
 * continuation by the next process. A closed gate keeps the worker away, so that the queue afterwards contains exactly
 * the retried jobs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { scan } from '@cardseal/object-store';
import { Redis } from 'ioredis';
import { bucketOf } from '../../chaos/bucket-copy.ts';
import type { AdminClient } from '../../support/admin.ts';
import type { TestStack } from '../../support/stack.ts';
import { CODE } from './seed.ts';

export interface Retries {
  dryRunMs: number;
  matches: number;
  complete: boolean;
  perSecond: number;
  /** From start to end, and the pause after the kill. */
  tookMs: number;
  killedAt: number;
  standstillMs: number;
  /** The state that the API shows for the bulk retry. */
  retried: number;
  skipped: Record<string, number>;
  /** Open second generations in the ledger, and jobs in the queue. */
  open: number;
  queued: number;
  /** Entries of the audit log, oldest first. */
  audit: string[];
}

const ASK_EVERY_MS = 200;

export async function retryMany(
  app: TestStack,
  admin: AdminClient,
  perSecond: number,
  failed: number,
): Promise<Retries> {
  const order = { code: CODE, per_second: perSecond };
  const beganDryMs = performance.now();
  const dry = await post(admin, { ...order, dry_run: true });
  const dryRunMs = Math.round(performance.now() - beganDryMs);
  const beganMs = Date.now();
  const { id } = await post(admin, { ...order, reason: 'the provider answers again' });
  const half = await progress(admin, id, ({ retried }) => retried >= failed / 2);
  const restarted = app.stack.nextRestart();
  process.kill(app.stack.child('admin').pid, 'SIGKILL');
  const killedMs = Date.now();
  await restarted;
  await progress(admin, id, ({ retried }) => retried > half.retried);
  const standstillMs = Date.now() - killedMs;
  const end = await progress(admin, id, ({ state }) => state === 'finished');
  return {
    dryRunMs,
    matches: dry.matches,
    complete: dry.complete,
    perSecond,
    tookMs: Date.now() - beganMs,
    killedAt: half.retried,
    standstillMs,
    retried: end.retried,
    skipped: end.skipped,
    open: await openGenerations(app),
    queued: await queuedCards(app),
    audit: await auditOf(admin, id),
  };
}

async function post(admin: AdminClient, body: object) {
  const answer = await admin.call('POST', '/api/bulk-retries', body);
  if (answer.status !== 200) throw new Error(`bulk retry: ${answer.status} ${answer.text}`);
  return answer.body;
}

type Progress = { state: string; retried: number; skipped: Record<string, number> };

/** A restarted admin does not respond for a moment. */
async function progress(admin: AdminClient, id: string, passes: (run: Progress) => boolean): Promise<Progress> {
  for (;;) {
    const answer = await admin.call('GET', `/api/bulk-retries/${id}`).catch(() => null);
    if (answer?.status === 200 && passes(answer.body)) return answer.body;
    await delay(ASK_EVERY_MS);
  }
}

async function openGenerations(app: TestStack): Promise<number> {
  const names = await Array.fromAsync(scan(bucketOf(app), 'pending/'));
  return new Set(names.filter((name) => name.includes('.2.'))).size;
}

async function queuedCards({ stack }: TestStack): Promise<number> {
  const redis = new Redis(stack.info.redisUrl);
  try {
    const key = (state: string) => `{cardseal}:recognize:${state}`;
    const sets = await Promise.all(['prioritized', 'delayed'].map((state) => redis.zcard(key(state))));
    const lists = await Promise.all(['wait', 'active'].map((state) => redis.llen(key(state))));
    return [...sets, ...lists].reduce((sum, count) => sum + count, 0);
  } finally {
    redis.disconnect();
  }
}

async function auditOf(admin: AdminClient, id: string): Promise<string[]> {
  const { body } = await admin.call('GET', '/api/audit?limit=200');
  const entries = body.data as { who: string; action: string; target: { bulk?: string } }[];
  return entries
    .filter(({ target }) => target.bulk === id)
    .map(({ who, action }) => `${action} by ${who === 'machine' ? who : 'a person'}`)
    .toReversed();
}

/**
 * Runs one drill from the first job to the final tally. The members of `Drill` are printed as JSON; keep their names.
 */

import { CAUSES, type Cause, causeRules } from './causes.ts';
import { type DrillEnvironment, startEnvironment } from './environment.ts';
import { type ScreenshotTaker, startScreenshotTaker } from './images.ts';
import { type Injected, injectAll } from './injections.ts';
import { type Load, startLoad } from './load.ts';
import { type Observer, startObserver } from './observer.ts';
import { type Repair, repairAll, retryFailed } from './repairs.ts';
import { type Tally, takeTally, untilSettled } from './tally.ts';
import { type Row, rowsOf, shortcomings } from './timeline.ts';

export interface DrillOptions {
  seed: number;
  perSecond: number;
  /** Divides the durations of the alert rules; null keeps the original rules. */
  shorten: number | null;
  redisAwayMs: number;
  screenshots: boolean;
  say: (line: string) => void;
}

export interface Drill {
  rows: Row[];
  books: Tally | null;
  seconds: number;
  /** Everything that the overview named and every alert that fired, including unexpected ones. */
  told: string[];
  rang: string[];
  problems: string[];
}

const BEFORE_CARDS = 20;
/** An endpoint fails for a minute, an image crashes five workers, and the slowest rule waits five minutes. */
const NAMED_WITHIN_MS = 240_000;
const RULE_WAITS_MS = 330_000;
const WELL_WITHIN_MS = 240_000;

export async function runDrill(options: DrillOptions): Promise<Drill> {
  const beganMs = Date.now();
  const environment = await startEnvironment(options);
  const rules = causeRules(environment.failing);
  const screenshots = options.screenshots ? await startScreenshotTaker(environment.app) : null;
  const observer = startObserver(environment, rules);
  const load = await startLoad(environment.app, options);
  const problems: string[] = [];
  let injected: Injected | null = null;
  let repairs: Repair[] = [];
  let books: Tally | null = null;
  try {
    await firstCards(environment, load);
    injected = await injectAll(environment, load, options.redisAwayMs);
    options.say('faults injected: quota, credential, endpoint, image, Redis');
    await untilAllReported(observer, injected, screenshots, options);
    repairs = await repairAll(environment, injected, options.say);
    await load.stop();
    await observer.until('all well', ({ named, alerted }) => named.size === 0 && alerted.size === 0, WELL_WITHIN_MS);
    await retryFailed(environment, { state: 'failed' });
    await untilSettled(environment.app, WELL_WITHIN_MS);
    await observer.until('an overview without troubles', ({ troubles }) => troubles.length === 0, WELL_WITHIN_MS);
    await screenshots?.take('repaired');
    books = await takeTally(environment, load.accepted);
  } catch (error) {
    problems.push((error as Error).message);
  } finally {
    await load.stop();
    await observer.stop();
    await screenshots?.stop();
    await environment.stop();
  }
  const rows = injected ? rowsOf(rules, injected.atMs, observer.timesSeen, repairs) : [];
  problems.push(...shortcomings(rows), ...load.refused.map((why) => `not accepted: ${why}`), ...tallyProblems(books));
  const seconds = Math.round((Date.now() - beganMs) / 1000);
  return { rows, books, seconds, told: [...observer.told].sort(), rang: [...observer.rang].sort(), problems };
}

/** Waits until jobs succeed. Without a healthy overview before the faults, the drill would prove nothing. */
async function firstCards({ app }: DrillEnvironment, load: Load): Promise<void> {
  while (load.accepted.length < BEFORE_CARDS) await app.finished((await load.nextImage().submit()) as string);
  await app.finished(load.accepted[0]!);
}

async function untilAllReported(
  observer: Observer,
  injected: Injected,
  screenshots: ScreenshotTaker | null,
  { shorten, say }: DrillOptions,
): Promise<void> {
  const waits = shorten === null ? RULE_WAITS_MS : 0;
  await observer.until('Redis named', ({ named }) => named.has('redis'), NAMED_WITHIN_MS);
  await screenshots?.take('redis-away');
  const backMs = await injected.redisBack;
  say(`Redis answers again after ${((backMs - injected.atMs.redis) / 1000).toFixed(1)} s`);
  const others = CAUSES.filter((cause) => cause !== 'redis');
  const holds = (seen: ReadonlySet<Cause>) => others.every((cause) => seen.has(cause));
  await observer.until('the other four named', ({ named }) => holds(named), NAMED_WITHIN_MS);
  say('all named');
  await screenshots?.take('peak');
  await observer.until('the other four alerted', ({ alerted }) => holds(alerted), NAMED_WITHIN_MS + waits);
  say('all alerted');
}

function tallyProblems(books: Tally | null): string[] {
  if (books === null) return ['the final tally was not taken'];
  const { otherwise, undelivered, unverified } = books;
  return [
    ...otherwise.map((job) => `ended otherwise: ${job}`),
    ...undelivered.map((outcome) => `undelivered: ${outcome}`),
    ...(unverified > 0 ? [`${unverified} webhooks did not verify`] : []),
  ];
}

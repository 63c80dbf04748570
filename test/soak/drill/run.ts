/** One drill from its first card to its closed books. */

import { CAUSES, type Cause, causeRules } from './causes.ts';
import { openScene, type Scene } from './environment.ts';
import { type Photographer, startPhotographer } from './images.ts';
import { type Struck, strike } from './injections.ts';
import { type Load, startLoad } from './load.ts';
import { startWatch, type Watch } from './observer.ts';
import { type Deed, mendAll, retryFailed } from './repairs.ts';
import { type Books, closeBooks, untilQuiet } from './tally.ts';
import { type Row, rowsOf, shortcomings } from './timeline.ts';

export interface DrillOptions {
  seed: number;
  perSecond: number;
  /** By what the waiting of the alert rules is divided; null for the rules as they are. */
  shorten: number | null;
  redisAwayMs: number;
  screenshots: boolean;
  say: (line: string) => void;
}

export interface Drill {
  rows: Row[];
  books: Books | null;
  seconds: number;
  /** Everything the overview told and every alert that fired, those of other names too. */
  told: string[];
  rang: string[];
  problems: string[];
}

const BEFORE_CARDS = 20;
/** An endpoint fails for a minute, a picture ends five workers, and the slowest rule waits five minutes. */
const NAMED_WITHIN_MS = 240_000;
const RULE_WAITS_MS = 330_000;
const WELL_WITHIN_MS = 240_000;

export async function runDrill(options: DrillOptions): Promise<Drill> {
  const beganMs = Date.now();
  const scene = await openScene(options);
  const rules = causeRules(scene.faltering);
  const photographer = options.screenshots ? await startPhotographer(scene.app) : null;
  const watch = startWatch(scene, rules);
  const load = await startLoad(scene.app, options);
  const problems: string[] = [];
  let struck: Struck | null = null;
  let deeds: Deed[] = [];
  let books: Books | null = null;
  try {
    await firstCards(scene, load);
    struck = await strike(scene, load, options.redisAwayMs);
    options.say('struck: quota, credential, endpoint, picture, Redis');
    await untilAllIsSeen(watch, struck, photographer, options);
    deeds = await mendAll(scene, struck, options.say);
    await load.stop();
    await watch.until('all well', ({ named, alerted }) => named.size === 0 && alerted.size === 0, WELL_WITHIN_MS);
    await retryFailed(scene, { state: 'failed' });
    await untilQuiet(scene.app, WELL_WITHIN_MS);
    await watch.until('an overview without troubles', ({ troubles }) => troubles.length === 0, WELL_WITHIN_MS);
    await photographer?.take('mended');
    books = await closeBooks(scene, load.accepted);
  } catch (error) {
    problems.push((error as Error).message);
  } finally {
    await load.stop();
    await watch.stop();
    await photographer?.stop();
    await scene.stop();
  }
  const rows = struck ? rowsOf(rules, struck.atMs, watch.sightings, deeds) : [];
  problems.push(...shortcomings(rows), ...load.refused.map((why) => `not accepted: ${why}`), ...booksProblems(books));
  const seconds = Math.round((Date.now() - beganMs) / 1000);
  return { rows, books, seconds, told: [...watch.told].sort(), rang: [...watch.rang].sort(), problems };
}

/** Nothing is struck before cards go through: an overview that never was well proves nothing. */
async function firstCards({ app }: Scene, load: Load): Promise<void> {
  while (load.accepted.length < BEFORE_CARDS) await app.finished((await load.further().submit()) as string);
  await app.finished(load.accepted[0]!);
}

async function untilAllIsSeen(
  watch: Watch,
  struck: Struck,
  photographer: Photographer | null,
  { shorten, say }: DrillOptions,
): Promise<void> {
  const waits = shorten === null ? RULE_WAITS_MS : 0;
  await watch.until('Redis named', ({ named }) => named.has('redis'), NAMED_WITHIN_MS);
  await photographer?.take('redis-away');
  const backMs = await struck.redisBack;
  say(`Redis answers again after ${((backMs - struck.atMs.redis) / 1000).toFixed(1)} s`);
  const others = CAUSES.filter((cause) => cause !== 'redis');
  const holds = (seen: ReadonlySet<Cause>) => others.every((cause) => seen.has(cause));
  await watch.until('the other four named', ({ named }) => holds(named), NAMED_WITHIN_MS);
  say('all named');
  await photographer?.take('height');
  await watch.until('the other four alerted', ({ alerted }) => holds(alerted), NAMED_WITHIN_MS + waits);
  say('all alerted');
}

function booksProblems(books: Books | null): string[] {
  if (books === null) return ['the books were not closed'];
  const { otherwise, undelivered, unverified } = books;
  return [
    ...otherwise.map((job) => `ended otherwise: ${job}`),
    ...undelivered.map((outcome) => `undelivered: ${outcome}`),
    ...(unverified > 0 ? [`${unverified} webhooks did not verify`] : []),
  ];
}

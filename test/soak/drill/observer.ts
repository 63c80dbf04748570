/**
 * Observes the overview (JSON and page) and the alerts during a drill, and records when each cause was first and last
 * seen there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CAUSES, type Cause, type CauseRule, matches } from './causes.ts';
import type { DrillEnvironment } from './environment.ts';
import type { Alert } from './prometheus.ts';

export interface TimesSeen {
  namedMs: number | null;
  onPageMs: number | null;
  alertMs: number | null;
  lastNamedMs: number | null;
  lastAlertMs: number | null;
}

interface Observation {
  atMs: number;
  troubles: readonly string[];
  named: ReadonlySet<Cause>;
  alerted: ReadonlySet<Cause>;
  /** Names of all firing alerts. */
  alerts: readonly string[];
}

export interface Observer {
  timesSeen: Record<Cause, TimesSeen>;
  /** Every trouble that the overview named, with its numbers removed. */
  told: ReadonlySet<string>;
  /** Every alert that fired. */
  rang: ReadonlySet<string>;
  /** Resolves with the first observation that passes. @throws Error with the latest observation after `withinMs`. */
  until(what: string, passes: (observation: Observation) => boolean, withinMs: number): Promise<Observation>;
  stop(): Promise<void>;
}

const POLL_MS = 500;

export function startObserver(environment: DrillEnvironment, rules: Record<Cause, CauseRule>): Observer {
  const none = { namedMs: null, onPageMs: null, alertMs: null, lastNamedMs: null, lastAlertMs: null };
  const timesSeen = Object.fromEntries(CAUSES.map((cause) => [cause, { ...none }])) as Record<Cause, TimesSeen>;
  const told = new Set<string>();
  const rang = new Set<string>();
  const watchers = new Set<(observation: Observation) => void>();
  const stopping = new AbortController();
  let latest: Observation | null = null;

  async function observe(): Promise<void> {
    latest = await observeOnce(environment, rules, timesSeen);
    for (const what of latest.troubles) told.add(what.replaceAll(/\d[\d,.]* ?(min|h|s)?\b/g, 'N'));
    for (const name of latest.alerts) rang.add(name);
    for (const see of watchers) see(latest);
  }

  const observing = (async () => {
    while (!stopping.signal.aborted) {
      await observe().catch((error: Error) => console.error(`an observation failed: ${error.message}`));
      await delay(POLL_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    timesSeen,
    told,
    rang,
    async until(what, passes, withinMs) {
      const { promise, resolve, reject } = Promise.withResolvers<Observation>();
      const late = setTimeout(() => {
        const seen = `troubles: ${latest?.troubles.join(' ')} alerts: ${latest?.alerts.join(' ')}`;
        reject(new Error(`${what}: not within ${withinMs / 1000} s (${seen})`));
      }, withinMs);
      const see = (one: Observation) => passes(one) && resolve(one);
      watchers.add(see);
      return promise.finally(() => {
        clearTimeout(late);
        watchers.delete(see);
      });
    },
    async stop() {
      stopping.abort();
      await observing;
    },
  };
}

/** Reads overview and alerts once and updates `timesSeen`. */
async function observeOnce(
  { admin, prometheus }: DrillEnvironment,
  rules: Record<Cause, CauseRule>,
  timesSeen: Record<Cause, TimesSeen>,
): Promise<Observation> {
  const [overview, page, firing] = await Promise.all([
    admin.call('GET', '/api/overview'),
    admin.page('/'),
    prometheus.firing(),
  ]);
  const atMs = Date.now();
  const troubles: string[] = overview.body.troubles.map(({ what }: { what: string }) => what);
  const words = wordsOf(page.text);
  const named = CAUSES.filter((cause) => troubles.some((what) => rules[cause].words.test(what)));
  const alerted = CAUSES.filter((cause) => fires(firing, rules[cause]));
  for (const cause of CAUSES) {
    const seen = timesSeen[cause];
    if (named.includes(cause)) {
      seen.namedMs ??= atMs;
      seen.lastNamedMs = atMs;
    }
    if (rules[cause].words.test(words)) seen.onPageMs ??= atMs;
    if (alerted.includes(cause)) {
      seen.alertMs ??= atMs;
      seen.lastAlertMs = atMs;
    }
  }
  const alerts = firing.map(({ labels }) => labels.alertname!);
  return { atMs, troubles, named: new Set(named), alerted: new Set(alerted), alerts };
}

function fires(firing: readonly Alert[], rule: CauseRule): boolean {
  return firing.some(({ labels }) => matches(labels, rule.alert));
}

/** The visible text of a page's main part. */
function wordsOf(page: string): string {
  return page
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ');
}

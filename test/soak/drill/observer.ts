/** Looks at the overview, as JSON and as a page, and at the alerts, as somebody who is awake would; keeps when each was first and last seen. */
import { setTimeout as delay } from 'node:timers/promises';
import { CAUSES, type Cause, type CauseRule, matches } from './causes.ts';
import type { Scene } from './environment.ts';

export interface Sighting {
  namedMs: number | null;
  onPageMs: number | null;
  alertMs: number | null;
  /** When it was seen last. */
  lastNamedMs: number | null;
  lastAlertMs: number | null;
}

export interface Look {
  atMs: number;
  troubles: readonly string[];
  named: ReadonlySet<Cause>;
  alerted: ReadonlySet<Cause>;
  /** Names of all alerts that fire. */
  alerts: readonly string[];
}

export interface Watch {
  sightings: Record<Cause, Sighting>;
  /** Every trouble that was told, in its words without numbers, and every alert that fired. */
  told: ReadonlySet<string>;
  rang: ReadonlySet<string>;
  /** Resolves with the look that passes. Throws with what was seen last when none does in time. */
  until(what: string, passes: (look: Look) => boolean, withinMs: number): Promise<Look>;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 500;

export function startWatch(scene: Scene, rules: Record<Cause, CauseRule>): Watch {
  const none = { namedMs: null, onPageMs: null, alertMs: null, lastNamedMs: null, lastAlertMs: null };
  const sightings = Object.fromEntries(CAUSES.map((cause) => [cause, { ...none }])) as Record<Cause, Sighting>;
  const told = new Set<string>();
  const rang = new Set<string>();
  const waiting = new Set<(look: Look) => void>();
  const stopping = new AbortController();
  let latest: Look | null = null;

  async function look(): Promise<void> {
    const [overview, page, firing] = await Promise.all([
      scene.admin.call('GET', '/api/overview'),
      scene.admin.page('/'),
      scene.prometheus.firing(),
    ]);
    const atMs = Date.now();
    const troubles: string[] = overview.body.troubles.map(({ what }: { what: string }) => what);
    const words = wordsOf(page.text);
    const named = new Set<Cause>();
    const alerted = new Set<Cause>();
    for (const cause of CAUSES) {
      const seen = sightings[cause];
      const rule = rules[cause];
      if (troubles.some((what) => rule.words.test(what))) {
        named.add(cause);
        seen.namedMs ??= atMs;
        seen.lastNamedMs = atMs;
      }
      if (rule.words.test(words)) seen.onPageMs ??= atMs;
      if (firing.some(({ labels }) => matches(labels, rule.alert))) {
        alerted.add(cause);
        seen.alertMs ??= atMs;
        seen.lastAlertMs = atMs;
      }
    }
    const alerts = firing.map(({ labels }) => labels.alertname!);
    for (const what of troubles) told.add(what.replaceAll(/\d[\d,.]* ?(min|h|s)?\b/g, 'N'));
    for (const name of alerts) rang.add(name);
    latest = { atMs, troubles, named, alerted, alerts };
    for (const see of waiting) see(latest);
  }

  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await look().catch((error: Error) => console.error(`a look failed: ${error.message}`));
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    sightings,
    told,
    rang,
    async until(what, passes, withinMs) {
      const { promise, resolve, reject } = Promise.withResolvers<Look>();
      const late = setTimeout(() => {
        const seen = `told: ${latest?.troubles.join(' ')} alerts: ${latest?.alerts.join(' ')}`;
        reject(new Error(`${what}: not within ${withinMs / 1000} s (${seen})`));
      }, withinMs);
      const see = (one: Look) => passes(one) && resolve(one);
      waiting.add(see);
      return promise.finally(() => {
        clearTimeout(late);
        waiting.delete(see);
      });
    },
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}

/** What a reader sees of a page's main part. */
function wordsOf(page: string): string {
  return page
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ');
}

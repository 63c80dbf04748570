/** What is not as it should be at this moment, by names that stay the same while it lasts. Pure. */
import { reasonWords } from '../gates/words.ts';
import type { Overview } from './view.ts';

export type ConditionKind = 'redis' | 'ledger' | 'workers' | 'gate' | 'endpoint';

export interface Condition {
  /** `kind` or `kind:…`. */
  name: string;
  what: string;
  href: string | null;
  /** When it began, where that is known. */
  sinceMs: number | null;
}

export interface Conditions {
  standing: Condition[];
  /** Of the others nobody can say whether they have ended. */
  seen: ReadonlySet<ConditionKind>;
}

/** `sick` holds no more than this: who is not in a full list may be sick all the same. */
export const SICK_SHOWN = 20;

export function conditionsOf(view: Omit<Overview, 'incidents'>): Conditions {
  const seen = new Set<ConditionKind>(['redis', 'ledger']);
  const standing: Condition[] = [];
  const tell = (name: string, what: string, href: string | null = null, sinceMs: number | null = null) =>
    standing.push({ name, what, href, sinceMs });
  if (view.redis === 'down') tell('redis', 'Redis did not answer');
  if (view.ledger === 'down') tell('ledger', 'the object store did not answer');
  if (view.workers !== null) seen.add('workers');
  if (view.workerState === 'none') tell('workers', 'no worker was running');
  if (view.credentials !== null) seen.add('gate');
  for (const { id, gate } of view.credentials ?? []) {
    if (gate.state !== 'closed') continue;
    tell(`gate:${id}`, `gate of ${id} closed: ${reasonWords(gate.reason)}`, '/gates', gate.since ?? null);
  }
  // Without Redis no failure of an endpoint shows.
  const sick = view.endpoints?.sick ?? [];
  if (view.endpoints && view.redis === 'up' && sick.length < SICK_SHOWN) seen.add('endpoint');
  for (const { tenant, id, health, sinceMs } of sick) {
    tell(`endpoint:${tenant}:${id}`, `endpoint ${id} of ${tenant} ${health}`, '/endpoints', sinceMs);
  }
  return { standing, seen };
}

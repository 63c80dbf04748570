/** Derives the current problems from the overview. A problem keeps its name while it lasts. Pure. */
import { reasonWords } from '../gates/words.ts';
import type { Overview } from './view.ts';

export type ConditionKind = 'redis' | 'ledger' | 'workers' | 'gate' | 'endpoint';

export interface Condition {
  /** `kind` or `kind:…`. */
  name: string;
  what: string;
  href: string | null;
  /** When it started; null when unknown. */
  sinceMs: number | null;
}

export interface Conditions {
  standing: Condition[];
  /** The kinds that could be checked. Problems of other kinds may have ended or not. */
  seen: ReadonlySet<ConditionKind>;
}

/** The maximum length of the list of failing endpoints. When it is full, an endpoint outside it may fail too. */
export const SICK_SHOWN = 20;

export function conditionsOf(view: Omit<Overview, 'incidents'>): Conditions {
  const seen = new Set<ConditionKind>(['redis', 'ledger']);
  const standing: Condition[] = [];
  const add = (name: string, what: string, href: string | null = null, sinceMs: number | null = null) =>
    standing.push({ name, what, href, sinceMs });
  if (view.redis === 'down') add('redis', 'Redis did not answer');
  if (view.ledger === 'down') add('ledger', 'the object store did not answer');
  if (view.workers !== null) seen.add('workers');
  if (view.workerState === 'none') add('workers', 'no worker was running');
  if (view.credentials !== null) seen.add('gate');
  for (const { id, gate } of view.credentials ?? []) {
    if (gate.state !== 'closed') continue;
    add(`gate:${id}`, `gate of ${id} closed: ${reasonWords(gate.reason)}`, '/gates', gate.since ?? null);
  }
  // Without Redis, failures of endpoints are unknown.
  const sick = view.endpoints?.sick ?? [];
  if (view.endpoints && view.redis === 'up' && sick.length < SICK_SHOWN) seen.add('endpoint');
  for (const { tenant, id, health, sinceMs } of sick) {
    add(`endpoint:${tenant}:${id}`, `endpoint ${id} of ${tenant} ${health}`, '/endpoints', sinceMs);
  }
  return { standing, seen };
}

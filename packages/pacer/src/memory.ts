/**
 * What this process last heard of each credential, so that a Redis that forgot can be told its rate and its gate. It
 * never decides whether a permit is handed out.
 */
import type { PacingFields } from './state.ts';

export interface Known {
  bornUs: number;
  /** 0 while nothing was heard. */
  limit: number;
  marginUs: number;
  gate: string;
  gateUntilMs: number;
  /** Who closed it: `machine`, or a person. */
  gateBy: string;
  /** Of an outage: the code that opened it, and since when (epoch milliseconds, 0 unknown). */
  gateCause: string;
  gateSinceMs: number;
}

export const NO_CAUSE = { gateCause: '', gateSinceMs: 0 } as const;
const NOTHING: Known = { bornUs: 0, limit: 0, marginUs: 0, gate: '', gateUntilMs: 0, gateBy: '', ...NO_CAUSE };

export class Memory {
  readonly #known = new Map<string, Known>();

  of(credentialId: string): Known {
    return this.#known.get(credentialId) ?? NOTHING;
  }

  learn(credentialId: string, news: Partial<Known>): void {
    this.#known.set(credentialId, { ...this.of(credentialId), ...news });
  }

  /** What was known before, if Redis' memory of this credential began anew since then. */
  noticeBirth(credentialId: string, bornUs: number): Known | undefined {
    const known = this.of(credentialId);
    if (known.bornUs === bornUs) return undefined;
    this.learn(credentialId, { bornUs });
    return known.bornUs > 0 ? known : undefined;
  }

  learnFields(credentialId: string, fields: PacingFields): void {
    const { gate, gateBy, gateCause = '', limit, marginUs } = fields;
    const times = { gateUntilMs: fields.gateUntilUs / 1000, gateSinceMs: fields.gateSinceUs / 1000 };
    this.learn(credentialId, { gate, limit, marginUs, gateBy, gateCause, ...times });
  }
}

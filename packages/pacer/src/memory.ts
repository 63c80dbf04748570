/**
 * The last known state of each credential in this process, to restore the rate and the gate in a Redis that lost them.
 * It never decides whether a permit is granted.
 */
import type { PacingFields } from './state.ts';

export interface Known {
  bornUs: number;
  /** 0 while nothing is known. */
  limit: number;
  marginUs: number;
  gate: string;
  gateUntilMs: number;
  /** `machine`, or the operator that closed the gate. */
  gateBy: string;
  /** For an outage: the code that opened the circuit breaker, and since when (epoch milliseconds, 0 unknown). */
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

  /** The earlier state, if Redis has lost its state of this credential since. */
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

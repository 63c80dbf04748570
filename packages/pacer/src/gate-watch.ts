/**
 * Watches closed gates with one cheap read per second and process: it notifies holders of waiting work when a gate
 * opens, or when a probe is due and one call should be let through. Nothing runs while all gates are open.
 */
import type { Clock } from '@cardseal/base/clock';
import type { Look } from './answers.ts';
import type { Pool } from './credential-pool.ts';

export interface Reopening {
  credentialId: string;
  /** `probe_due`: let one call through; Redis admits only one across all processes. */
  kind: 'opened' | 'probe_due';
}

export type ReopenListener = (reopening: Reopening) => void;

const LOOK_EVERY_MS = 1000;

export class GateWatch {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #listeners = new Set<ReopenListener>();
  readonly #stopped = new AbortController();
  readonly #announcedProbe = new Map<string, number>();
  readonly #closed = new Set<string>();
  #running = false;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  listen(listener: ReopenListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(credentialId: string): void {
    this.#closed.delete(credentialId);
    this.#tell({ credentialId, kind: 'opened' });
  }

  start(): void {
    if (this.#running || this.#stopped.signal.aborted) return;
    this.#running = true;
    void this.#loop().finally(() => {
      this.#running = false;
    });
  }

  startIfClosed(): void {
    if (this.#pool.credentials.some((it) => this.#pool.isClosed(it.id))) this.start();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #loop(): Promise<void> {
    do {
      for (const { id } of this.#pool.credentials) {
        const look = await this.#pool.look(id).catch(() => undefined);
        if (look) this.#compare(id, look);
      }
      if (this.#closed.size === 0) return;
      await this.#clock.sleep(LOOK_EVERY_MS, this.#stopped.signal).catch(() => undefined);
    } while (!this.#stopped.signal.aborted);
  }

  #compare(id: string, look: Look): void {
    const fields = look.fields;
    const open = !fields || fields.gate === '' || endedByTime(fields, look.nowUs);
    if (open) {
      if (this.#closed.delete(id)) this.#tell({ credentialId: id, kind: 'opened' });
      return;
    }
    this.#closed.add(id);
    // A probe that was lost with its process is due again at another time, and is therefore announced again.
    const dueUs = Math.max(fields.gateProbeUs, fields.probeUntilUs);
    const due = fields.gateProbeUs > 0 && look.nowUs >= dueUs;
    if (!due || this.#announcedProbe.get(id) === dueUs) return;
    this.#announcedProbe.set(id, dueUs);
    this.#tell({ credentialId: id, kind: 'probe_due' });
  }

  #tell(reopening: Reopening): void {
    for (const listener of this.#listeners) listener(reopening);
  }
}

/** A gate that an operator closed opens by itself at the given time. */
const endedByTime = (fields: NonNullable<Look['fields']>, nowUs: number): boolean =>
  fields.gateProbeUs === 0 && fields.gateUntilUs > 0 && nowUs >= fields.gateUntilUs;

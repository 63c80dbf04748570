/**
 * The gates of credentials, kept outside Redis: one small object per credential, written under the next number when a
 * gate changes. A closed gate therefore survives the loss of Redis and of every process. The record names the operator
 * who closed it, as Redis does, and nothing about jobs.
 */
import { DefectError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import { readNewest } from '@cardseal/object-store';

export interface GateRecord {
  /** Empty when the gate is open. */
  reason: string;
  /** `machine`, or the operator that closed the gate. */
  by: string;
  /** Epoch milliseconds; 0 for no end. */
  untilMs: number;
  /** For a provider outage: the code that opened the circuit breaker, and since when (epoch milliseconds). */
  cause?: string;
  sinceMs?: number;
}

export interface GateStore {
  /** Returns false when another writer was faster. Read again. */
  save(credential: string, gate: GateRecord): Promise<boolean>;
  /**
   * null when no gate was ever written. Throws TransientError `store_record_missing` or DefectError `gate_unreadable`
   * when a gate was written and cannot be read: no caller may treat it as open.
   */
  read(credential: string): Promise<GateRecord | null>;
}

const folder = (credential: string) => `gates/${credential}/`;

export function createGateStore(store: ObjectStore): GateStore {
  async function latest(credential: string) {
    const { names, body } = await readNewest(store, folder(credential));
    return { names, gate: body && parsed(credential, body) };
  }

  return {
    read: async (credential) => (await latest(credential)).gate,
    async save(credential, gate) {
      const { names, gate: before } = await latest(credential);
      if (before ? isSame(before, gate) : gate.reason === '') return true;
      const number = String(Number(names.at(-1)?.split('/').at(-1) ?? 0) + 1).padStart(9, '0');
      const written = await store.create(`${folder(credential)}${number}`, Buffer.from(JSON.stringify(gate)));
      if (written && names.length > 0) await store.delete(names);
      return written;
    },
  };
}

function parsed(credential: string, body: Buffer): GateRecord {
  try {
    return JSON.parse(body.toString()) as GateRecord;
  } catch (cause) {
    throw new DefectError('gate_unreadable', { cause, fields: { credential } });
  }
}

const isSame = (a: GateRecord, b: GateRecord): boolean =>
  a.reason === b.reason && a.by === b.by && a.untilMs === b.untilMs;

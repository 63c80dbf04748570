/**
 * Gates survive the loss of Redis and of all processes: a change is written to the ledger within seconds, and a new
 * Redis gets it before its first permit. Restoring can extend later closures, and never undoes what an operator did.
 */
import type { GateRecord } from '@cardseal/core/ledger';
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { WorkerContext } from '../../context.ts';

export interface GateRecords {
  /** Writes what changed. `epoch` names the Redis instance that was read; null when it is gone. */
  save(epoch: () => Promise<string | null>): Promise<void>;
  restore(): Promise<void>;
}

export function createGateRecords({
  ledger,
  pacer,
  rates,
}: Pick<WorkerContext, 'ledger' | 'pacer' | 'rates'>): GateRecords {
  /** As this process last wrote or found it. */
  const written = new Map<string, string>();

  return {
    async save(epoch) {
      const before = await epoch();
      const snapshot = await pacer.snapshot();
      const changed = snapshot.filter((it) => written.get(it.id) !== JSON.stringify(gateOf(it)));
      // A Redis that lost its data in the meantime reports that all gates are open: that is no change.
      if (changed.length === 0 || before === null || (await epoch()) !== before) return;
      for (const one of changed) {
        const gate = gateOf(one);
        if (await ledger.reports.gates.save(one.id, gate)) written.set(one.id, JSON.stringify(gate));
      }
    },
    async restore() {
      written.clear();
      for (const id of rates.keys()) {
        const gate = await ledger.reports.gates.read(id);
        if (gate && gate.reason !== '') await pacer.restoreGate(id, gate);
      }
    },
  };
}

/** Cardseal's own allowances follow from the usage, which is stored separately. */
function gateOf({ gate }: CredentialSnapshot): GateRecord {
  if (gate.state === 'open' || gate.by === undefined) return { reason: '', by: '', untilMs: 0 };
  const { reason = '', by, until: untilMs = 0, cause, since } = gate;
  return { reason, by, untilMs, ...(cause !== undefined && since !== undefined ? { cause, sinceMs: since } : {}) };
}

/** The state of a model world that its processes share: store, queues, clock, and what clients and receivers saw. */
import { createStallDetector, ManualClock } from '@cardseal/base/clock';
import { type JobId, newJobId } from '@cardseal/core/job';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import type { Card } from '@cardseal/core/queue';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { SAME_FOR_MS } from '../../apps/worker/src/background/reconcile/pending-submissions.ts';
import type { DeliveryQueue, Received } from './deliveries.ts';
import type { ModelProcess } from './process.ts';

export const TENANT = 'bank';
export const ENDPOINT = 'we_00000000000000000000000001';
export const START_MS = Date.UTC(2026, 0, 1);

export type Operation = 'submit' | 'work' | 'deliver' | 'retry' | 'cancel' | 'erase' | 'due' | 'sweep' | 'reconcile';

export interface WorldSettings {
  expiresInS?: number;
  retainForS?: number;
  /** Removes a guarantee of the store, to show that the checks notice. */
  sabotage?: (store: MemoryObjectStore) => MemoryObjectStore;
}

export interface WorldState {
  clock: ManualClock;
  shared: MemoryObjectStore;
  queue: Map<string, Card>;
  deliveries: DeliveryQueue;
  image: Buffer;
  job: JobId;
  settings: WorldSettings;
  stallDetector: ReturnType<typeof createStallDetector>;
  /** Operations that a client saw succeed. */
  acknowledged: Operation[];
  /** Violations that no crash explains. */
  violations: string[];
  received: Received[];
  /** Results of the next provider calls; success when empty. */
  provider: ('ok' | 'defect')[];
  /** Results of the next deliveries; success when empty. */
  receiver: ('ok' | 'fail')[];
  calls: number;
  ledgerOf(process: ModelProcess): Ledger;
}

export function createState(image: Buffer, settings: WorldSettings): WorldState {
  const clock = new ManualClock(START_MS);
  const { sabotage = (store) => store } = settings;
  const master = localMasterKey(Buffer.alloc(32, 5));
  return {
    clock,
    shared: sabotage(memoryObjectStore()),
    queue: new Map(),
    deliveries: new Map(),
    image,
    job: newJobId(START_MS),
    settings,
    stallDetector: createStallDetector({ forMs: SAME_FOR_MS, nowMs: () => clock.now() }),
    acknowledged: [],
    violations: [],
    received: [],
    provider: [],
    receiver: [],
    calls: 0,
    ledgerOf: (process) => createLedger({ store: process.store, master, clock }),
  };
}

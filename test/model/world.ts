import type { JobId } from '@cardseal/core/job';
import { type Ledger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { Received } from './deliveries.ts';
import { perform } from './operations.ts';
import { createProcess, type Fate, type ModelProcess } from './process.ts';
import { createState, ENDPOINT, type Operation, START_MS, TENANT, type WorldSettings } from './world-state.ts';

export { ENDPOINT, type Operation, TENANT, type WorldSettings } from './world-state.ts';

const MINUTE_MS = 60_000;

export interface World {
  readonly objects: ReadonlyMap<string, Buffer>;
  readonly job: JobId;
  /** Operations that a client saw succeed. */
  readonly acknowledged: Operation[];
  /** Violations that no crash explains. */
  readonly violations: string[];
  readonly received: Received[];
  /** Results of the next provider calls; success when empty. */
  readonly provider: ('ok' | 'defect')[];
  /** Results of the next deliveries; success when empty. */
  readonly receiver: ('ok' | 'fail')[];
  calls(): number;
  process(fate?: Fate): ModelProcess;
  perform(process: ModelProcess, operation: Operation): Promise<void>;
  emptyQueue(): void;
  changeEndpoint(state: 'enabled' | 'disabled' | 'deleted'): Promise<void>;
  advance(ms: number): void;
  /** Reconciles, works and delivers with processes that are not killed, until nothing changes. */
  settle(): Promise<void>;
}

export async function createWorld(image: Buffer, settings: WorldSettings = {}): Promise<World> {
  const state = createState(image, settings);
  const { shared, clock, queue, deliveries } = state;
  const setup = state.ledgerOf(createProcess(shared));
  await createTenant(setup);

  function isQuiet(): boolean {
    const open = [...shared.objects.keys()].some((name) => /^(pending|undelivered)\//.test(name));
    return queue.size + deliveries.size === 0 && !open;
  }

  return {
    objects: shared.objects,
    job: state.job,
    acknowledged: state.acknowledged,
    violations: state.violations,
    received: state.received,
    provider: state.provider,
    receiver: state.receiver,
    calls: () => state.calls,
    process: (fate) => createProcess(shared, fate),
    perform: (process, operation) => perform(state, process, operation),
    emptyQueue() {
      queue.clear();
      deliveries.clear();
    },
    async changeEndpoint(next) {
      await setup.tenants.endpoints.change(TENANT, ENDPOINT, (value) => ({ ...value, state: next }));
    },
    advance: (ms) => clock.advance(ms),
    async settle() {
      for (let round = 0; round < 8 && !(round > 0 && isQuiet()); round++) {
        const process = createProcess(shared);
        for (const operation of ['reconcile', 'work', 'due', 'deliver'] as const)
          await perform(state, process, operation);
        clock.advance(6 * MINUTE_MS);
      }
    },
  };
}

async function createTenant(ledger: Ledger): Promise<void> {
  await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: START_MS });
  await ledger.tenants.endpoints.create(TENANT, ENDPOINT, {
    url: 'https://receiver.example/',
    events: null,
    payload: 'full',
    publicKey: null,
    headers: {},
    state: 'enabled',
    secrets: [{ secret: `whsec_${Buffer.alloc(32, 3).toString('base64')}`, untilMs: null }],
    createdAtMs: START_MS,
  } as never);
}

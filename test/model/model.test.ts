/**
 * Explores one job exhaustively. Every scenario is killed after every single write of every operation, with the queue
 * kept and with it emptied. Every pair of operations runs with one of them paused at every step. Afterwards the
 * reconciler runs, and no invariant may be violated.
 */
import { describe, expect, it } from 'vitest';
import { plainJpeg } from '../support/images.ts';
import { faultsAtRest } from './at-rest.ts';
import { createWorld, type Operation, type World, type WorldSettings } from './world.ts';

interface Scenario {
  operations: Operation[];
  provider?: World['provider'];
  receiver?: World['receiver'];
  expiresInS?: number;
  sabotage?: WorldSettings['sabotage'];
}

const SCENARIOS: Record<string, Scenario> = {
  success: { operations: ['submit', 'work', 'deliver'] },
  'delivered at the second attempt': { operations: ['submit', 'work', 'deliver', 'deliver'], receiver: ['fail'] },
  'failure and retry': { operations: ['submit', 'work', 'deliver', 'retry', 'work'], provider: ['defect'] },
  'submitted again': { operations: ['submit', 'submit', 'work'] },
  cancelled: { operations: ['submit', 'cancel', 'work', 'deliver'] },
  'erased while it waits': { operations: ['submit', 'erase', 'work', 'deliver'] },
  'erased when finished': { operations: ['submit', 'work', 'erase', 'deliver'] },
  'erased after a retry': { operations: ['submit', 'work', 'retry', 'erase', 'work'], provider: ['defect'] },
  'kept for its time': { operations: ['submit', 'work', 'deliver', 'sweep', 'deliver'] },
  expired: { operations: ['submit', 'due', 'work', 'deliver'], expiresInS: 1 },
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const image = await plainJpeg();

async function worldOf({ provider = [], receiver = [], ...settings }: Partial<Scenario>): Promise<World> {
  const world = await createWorld(image, settings);
  world.provider.push(...provider);
  world.receiver.push(...receiver);
  return world;
}

/** Returns false when the operation finished before the kill. */
async function runKilled(scenario: Scenario, at: number, afterWrites: number, flush: boolean, faults: string[]) {
  const world = await worldOf(scenario);
  let died = false;
  for (const [index, operation] of scenario.operations.entries()) {
    const process = world.process(index === at ? { dieAfterWrites: afterWrites } : {});
    if (operation === 'due') world.advance(2000);
    if (operation === 'deliver' && scenario.operations[index - 1] === 'deliver') world.advance(MINUTE_MS);
    if (operation === 'sweep') world.advance(8 * DAY_MS);
    if ((await process.run(() => world.perform(process, operation))) === 'dead') died = true;
  }
  if (flush) world.emptyQueue();
  await world.settle();
  const where = `${scenario.operations[at]} (operation ${at}) killed after ${afterWrites} writes${flush ? ', flushed' : ''}`;
  faults.push(...faultsAtRest(world).map((fault) => `${where}: ${fault}`));
  const calls = world.calls();
  const allowed = 1 + Number(died) + (scenario.provider?.length ?? 0);
  if (calls > allowed) faults.push(`${where}: ${calls} calls`);
  return died;
}

/** Each test explores hundreds of histories and shares the processor with other tests. */
const LONG = { timeout: 120_000 };

describe('killed after every write', LONG, () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    it(name, async () => {
      const faults: string[] = [];
      let kills = 0;
      for (const at of scenario.operations.keys()) {
        for (const flush of [false, true]) {
          for (let writes = 0; await runKilled(scenario, at, writes, flush, faults); writes++) kills++;
        }
      }
      expect(faults).toEqual([]);
      expect(kills).toBeGreaterThan(20);
    });
  }
});

/** What happened before, and the two operations that race. */
interface Race {
  before: readonly Operation[];
  /** Time that passes before the race. */
  waitMs?: number;
  first: Operation;
  second: Operation;
  scenario?: Partial<Scenario>;
}
const RACES: Race[] = [
  { before: [], first: 'submit', second: 'submit' },
  { before: ['submit'], first: 'work', second: 'work' },
  { before: ['submit'], first: 'work', second: 'cancel' },
  { before: ['submit'], first: 'work', second: 'erase' },
  { before: ['submit'], first: 'work', second: 'reconcile' },
  { before: ['submit'], first: 'work', second: 'due', scenario: { expiresInS: 1 } },
  { before: ['submit'], first: 'cancel', second: 'erase' },
  { before: ['submit'], first: 'erase', second: 'erase' },
  { before: ['submit'], first: 'submit', second: 'erase' },
  { before: ['submit', 'work'], first: 'deliver', second: 'erase' },
  { before: ['submit', 'work'], first: 'deliver', second: 'deliver' },
  { before: ['submit', 'work'], first: 'deliver', second: 'reconcile' },
  { before: ['submit', 'work'], first: 'retry', second: 'erase', scenario: { provider: ['defect'] } },
  { before: ['submit', 'work'], first: 'retry', second: 'retry', scenario: { provider: ['defect'] } },
  // At the moment when its images are due for deletion.
  { before: ['submit', 'work'], waitMs: 3 * DAY_MS, first: 'retry', second: 'due', scenario: { provider: ['defect'] } },
];

/**
 * Pauses one operation before `step`, runs the other to its end, then continues the first. Returns false when the step
 * was never reached.
 */
async function runRace(race: Race, step: number, swapped: boolean, faults: string[]) {
  const world = await worldOf(race.scenario ?? {});
  for (const operation of race.before) await world.perform(world.process(), operation);
  if (race.scenario?.expiresInS) world.advance(2000);
  world.advance(race.waitMs ?? 0);
  const [one, other] = swapped ? [race.second, race.first] : [race.first, race.second];
  const stopped = world.process({ pauseAtStep: step });
  const state = await stopped.run(() => world.perform(stopped, one));
  // Two workers run the same job only after the first one slept past its lock.
  if (one === 'work' && other === 'work') world.advance(31_000);
  await world.perform(world.process(), other);
  if (state === 'paused') await stopped.go();
  await world.settle();
  const where = `${one} stopped before step ${step} while ${other} ran`;
  faults.push(...faultsAtRest(world).map((fault) => `${where}: ${fault}`));
  return state === 'paused';
}

describe('stopped at every step while another runs', LONG, () => {
  for (const race of RACES) {
    it(`${race.first} and ${race.second} after ${race.before.join(', ') || 'nothing'}`, async () => {
      const faults: string[] = [];
      for (const swapped of [false, true]) {
        for (let step = 0; await runRace(race, step, swapped, faults); step++);
      }
      expect(faults).toEqual([]);
    });
  }
});

type Sabotage = NonNullable<WorldSettings['sabotage']>;

const blindToTombstones: Sabotage = (store) => ({
  ...store,
  get: async (key) => (key.endsWith('/tombstone') ? null : store.get(key)),
});
const forgetsMarkers: Sabotage = (store) => ({
  ...store,
  create: async (key, body) => (key.startsWith('pending/') ? true : store.create(key, body)),
});
const forgetsDebts: Sabotage = (store) => ({
  ...store,
  put: async (key, body) => (key.startsWith('undelivered/') ? undefined : store.put(key, body)),
});
const ignoresConditions: Sabotage = (store) => ({
  ...store,
  create: async (key, body) => {
    await store.put(key, body);
    return true;
  },
});

describe('without a guard the model finds the violation', LONG, () => {
  it('no check for a tombstone', async () => {
    const faults: string[] = [];
    const race = { before: ['submit'], first: 'work', second: 'erase' } as const;
    const scenario = { scenario: { sabotage: blindToTombstones } };
    for (let step = 0; await runRace({ ...race, before: ['submit'], ...scenario }, step, false, faults); step++);
    expect(faults.join()).toMatch(/erased, but there is/);
  });

  it('a submit without a marker', async () => {
    const faults: string[] = [];
    const scenario: Scenario = { operations: ['submit', 'work'], sabotage: forgetsMarkers };
    for (let writes = 0; await runKilled(scenario, 1, writes, true, faults); writes++);
    expect(faults.join()).toMatch(/without an outcome/);
  });

  it('an outcome without delivery markers', async () => {
    const faults: string[] = [];
    const scenario: Scenario = { operations: ['submit', 'work', 'deliver'], sabotage: forgetsDebts };
    for (let writes = 0; await runKilled(scenario, 2, writes, true, faults); writes++);
    expect(faults.join()).toMatch(/1 outcomes, 0 events/);
  });

  it('a store in which two writers win', async () => {
    const faults: string[] = [];
    const scenario = { sabotage: ignoresConditions };
    const race = { before: ['submit'], first: 'work', second: 'cancel', scenario } as const;
    for (let step = 0; await runRace(race, step, false, faults); step++);
    expect(faults.join()).toMatch(/cancellation was acknowledged|outcomes,/);
  });
});

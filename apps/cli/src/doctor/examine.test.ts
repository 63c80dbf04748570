import { ManualClock } from '@cardseal/core/clock';
import { type JobId, newId } from '@cardseal/core/job';
import { type BatchId, createLedger, HOUSE, memoryObjectStore } from '@cardseal/core/ledger';
import { type Conveyor, type Lanes, recognizeJobId } from '@cardseal/core/queue';
import { localMasterKey } from '@cardseal/core/seal';
import { describe, expect, it } from 'vitest';
import { disagreements, examine, unmended } from './examine.ts';

const TENANT = 'bank';
/** A queue as far as the examination of cards goes. */
function queueOf(states: Map<string, string>) {
  const getJobState = async (id: string) => states.get(id) ?? 'unknown';
  const queue = { getJobState, getJobs: async () => [] };
  return {
    queues: () => ({ recognize: queue, deliver: queue }),
    addCards: async (cards: { job: string; generation: number }[]) => {
      for (const { job, generation } of cards) states.set(`${job}-${generation}`, 'waiting');
    },
  } as unknown as Conveyor;
}

async function world() {
  const clock = new ManualClock(3_600_000);
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  // Their times, in milliseconds: 1, 2, 3, and a second before now.
  const times = ['0000000001', '0000000002', '0000000003', '000003DTMR'];
  const ids = times.map((time): JobId => `job_${time}0000000000000000`);
  const [known, lost, accident, young] = ids as [JobId, JobId, JobId, JobId];
  for (const job of ids) {
    await ledger.markers.openGeneration(TENANT, job, 1, null);
    if (job === accident || job === young) continue;
    const sealed = await ledger.startJob(TENANT, job);
    await sealed.commit({ tenant: TENANT, job, sides: ['front'], priority: 'bulk', createdAtMs: 1 } as never);
  }
  const states = new Map([[recognizeJobId(known, 1), 'delayed']]);
  const look = (fix: boolean) =>
    examine({ ledger, conveyor: queueOf(states), lanes: {} as Lanes, clock, fix, hours: 1 });
  return { states, look, known, lost, accident, young, store };
}

describe('doctor', () => {
  it('names what the ledger owes and the queue does not know, and changes nothing', async () => {
    const { states, look, lost, accident, young } = await world();
    const findings = await look(false);
    expect(findings).toMatchObject({
      pending: 4,
      missing_cards: [recognizeJobId(lost, 1)],
      uncommitted: [accident, young].map((job) => recognizeJobId(job, 1)),
      fixed: false,
    });
    expect([disagreements(findings), states.size]).toEqual([1, 1]);
  });

  it('puts it back when told to, and is content afterwards', async () => {
    const { states, look, known } = await world();
    states.set(recognizeJobId(known, 1), 'failed');
    expect(await look(true)).toMatchObject({ fixed: true, abandoned_cards: [recognizeJobId(known, 1)] });
    const second = await look(false);
    expect([second.pending, disagreements(second)]).toEqual([4, 0]);
  });

  it('names what does not open, and goes on to what does', async () => {
    const { store, states, look, known, lost } = await world();
    states.clear();
    await store.delete([`keys/${TENANT}/${known}`]);
    const findings = await look(true);
    expect(findings.unreadable).toEqual([recognizeJobId(known, 1)]);
    expect(findings.missing_cards).toEqual([recognizeJobId(lost, 1)]);
    expect(disagreements(await look(false))).toBe(1);
  });
});

describe('doctor and batches', () => {
  async function batches() {
    const clock = new ManualClock(3_600_000);
    const store = memoryObjectStore();
    const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
    await ledger.tenants.create(HOUSE, TENANT, { name: 'A bank', createdAtMs: 0 });
    const look = (fix: boolean) =>
      examine({ ledger, conveyor: queueOf(new Map()), lanes: {} as Lanes, clock, fix, hours: 1 });
    const begin = async () => {
      const manifest = await ledger.batches.begin(TENANT, newId('batch', clock.now()) as BatchId);
      await manifest.put([{ line: 1, request: {} }]);
      return manifest;
    };
    const commit = async () => {
      const manifest = await begin();
      await manifest.commit({ createdAtMs: clock.now(), apiKeyId: 'k', lines: 1, blank: [], rejected: [] });
      return manifest.opened;
    };
    return { ledger, look, begin, commit };
  }

  it('is content with what is coming in, at work, or done', async () => {
    const { ledger, look, begin, commit } = await batches();
    await begin();
    await commit();
    const expanded = await commit();
    await ledger.batches.setExpanded(TENANT, expanded.id);
    await ledger.batches.dropLines(expanded);
    const cancelled = await commit();
    await ledger.batches.askToCancel(TENANT, cancelled.id);
    await ledger.batches.dropLines(cancelled);
    const ended = await commit();
    await ledger.batches.end(TENANT, ended.id, { state: 'completed', atMs: 1, counts: {} });
    await ledger.batches.close(ended);
    await ledger.batches.withdraw((await begin()).opened);
    expect(disagreements(await look(false))).toBe(0);
  });

  it('puts back the marker that a batch needs to be seen through', async () => {
    const { ledger, look, commit } = await batches();
    const round = await commit();
    await ledger.batches.close(round);
    expect(await look(false)).toMatchObject({ unseen_batches: [round.id], batches_without_lines: [] });
    expect(unmended(await look(true))).toBe(0);
    expect(await Array.fromAsync(ledger.batches.open())).toEqual([round]);
    expect(disagreements(await look(false))).toBe(0);
  });

  it('names a batch whose lines are gone, and does not call that mended', async () => {
    const { ledger, look, commit } = await batches();
    const round = await commit();
    await ledger.batches.dropLines(round);
    expect(await look(false)).toMatchObject({ batches_without_lines: [round.id] });
    expect(unmended(await look(true))).toBe(1);
  });
});

import { systemClock } from '@cardseal/core/clock';
import { newJobId } from '@cardseal/core/job';
import { createLedger, memoryObjectStore } from '@cardseal/core/ledger';
import { type Conveyor, recognizeJobId } from '@cardseal/core/queue';
import { localMasterKey } from '@cardseal/core/seal';
import { describe, expect, it } from 'vitest';
import { examine } from './doctor.ts';

const TENANT = 'bank';
const ENDPOINT = 'we_00000000000000000000000001';

function queueOf(states: Map<string, string>) {
  const add = (id: string) => void states.set(id, 'waiting');
  const getJobState = async (id: string) => states.get(id) ?? 'unknown';
  const waiting = [
    { id: 'job_00000000000000000000000009-1', data: { tenant: TENANT, job: newJobId(9), generation: 1 } },
  ];
  return {
    queues: () => ({ recognize: { getJobState, getJobs: async () => waiting }, deliver: { getJobState } }),
    addCards: async (cards: { job: string; generation: number }[]) => {
      for (const { job, generation } of cards) add(`${job}-${generation}`);
    },
    addDeliveries: async (due: { ref: { job: string; generation: number; endpoint: string } }[]) => {
      for (const { ref } of due) add(`${ref.job}-${ref.generation}-${ref.endpoint}`);
    },
  } as unknown as Conveyor;
}

async function ledgerWithWork() {
  const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32, 1)) });
  const [known, lost, accident] = [newJobId(1), newJobId(2), newJobId(3)];
  for (const job of [known, lost, accident]) {
    const sealed = await ledger.startJob(TENANT, job);
    await ledger.markers.openGeneration(TENANT, job, 1, null);
    if (job !== accident) {
      const request = { tenant: TENANT, job, sides: ['front'], priority: 'bulk', createdAtMs: systemClock.now() };
      await sealed.commit(request as never);
    }
  }
  await ledger.markers.owe({ tenant: TENANT, job: lost, generation: 1, endpoint: ENDPOINT });
  return { ledger, known, lost, accident };
}

describe('doctor', () => {
  it('names what the ledger owes and the queue does not know, and changes nothing', async () => {
    const { ledger, known, lost, accident } = await ledgerWithWork();
    const states = new Map([[recognizeJobId(known, 1), 'delayed']]);
    expect(await examine(ledger, queueOf(states), false)).toEqual({
      pending: 3,
      undelivered: 1,
      missing_cards: [recognizeJobId(lost, 1)],
      missing_deliveries: [`${lost}-1-${ENDPOINT}`],
      abandoned_cards: [],
      uncommitted: [recognizeJobId(accident, 1)],
      orphaned_cards: ['job_00000000000000000000000009-1'],
      fixed: false,
    });
    expect(states.size).toBe(1);
  });

  it('puts it back when told to, and is content afterwards', async () => {
    const { ledger, known } = await ledgerWithWork();
    const states = new Map([[recognizeJobId(known, 1), 'failed']]);
    const first = await examine(ledger, queueOf(states), true);
    expect(first).toMatchObject({ fixed: true, abandoned_cards: [recognizeJobId(known, 1)] });
    const second = await examine(ledger, queueOf(states), false);
    expect([...second.missing_cards, ...second.missing_deliveries]).toEqual([]);
  });
});

import { ManualClock } from '@cardseal/base/clock';
import { expect, it } from 'vitest';
import type { WorkerContext } from '../../context.ts';
import type { Work } from '../support/work.ts';
import type { JobLock } from './job-lock.ts';
import { createOwnershipCheck } from './ownership-check.ts';

function looker(about: Partial<JobLock> = {}, replies: string[] = []) {
  const clock = new ManualClock(1_000_000);
  const looks: number[] = [];
  let takesMs = 0;
  const request = { sides: ['front'] };
  const ledger = {
    openForWork: async () => {
      looks.push(clock.now());
      clock.advance(takesMs);
      return { request, inventory: { replies, decided: [] } };
    },
  };
  const context = {
    clock,
    ledger: { jobs: ledger },
    stopping: new AbortController().signal,
  } as unknown as WorkerContext;
  const lock: JobLock = { reassigned: false, holds: async () => true, isLost: () => false, ...about };
  const work = { lock, generation: 1, attempts: [], lookedAtMs: clock.now(), signal: new AbortController().signal };
  const look = createOwnershipCheck(context, work as unknown as Work, 'front');
  const slot = (inMs: number) => {
    const atMs = clock.now() + inMs;
    return { leftMs: () => atMs - clock.now(), memoryAgeMs: 3_600_000 };
  };
  const slow = (ms: number) => {
    takesMs = ms;
  };
  return { clock, look, looks, slot, slow };
}

it('makes no request when ownership is certain, and one after a long wait', async () => {
  const { clock, look, looks, slot } = looker();
  await look(slot(300));
  expect(looks).toEqual([]);
  clock.advance(5001);
  await look(slot(300));
  expect(looks).toHaveLength(1);
});

it('rejects a job whose lock is lost, without a read of the ledger', async () => {
  const { look, looks, slot } = looker({ holds: async () => false });
  await expect(look(slot(300))).rejects.toMatchObject({ code: 'overtaken' });
  expect(looks).toEqual([]);
});

it('reads a job that another worker may have just before its slot, and sees what changed', async () => {
  const replies: string[] = [];
  const { clock, look, looks, slot } = looker({ reassigned: true }, replies);
  const looked = look(slot(400));
  const refused = expect(looked).rejects.toMatchObject({ code: 'overtaken' });
  await new Promise(setImmediate);
  expect(looks).toEqual([]);
  replies.push('front');
  clock.advance(300);
  await refused;
  expect(looks).toEqual([clock.now()]);
});

it('reuses a result that came too late for one slot for the next one, for two seconds', async () => {
  const { clock, look, looks, slot, slow } = looker({ reassigned: true });
  slow(900);
  await look(slot(50));
  await look(slot(50));
  expect(looks).toHaveLength(1);
  clock.advance(1200);
  await look(slot(50));
  expect(looks).toHaveLength(2);
});

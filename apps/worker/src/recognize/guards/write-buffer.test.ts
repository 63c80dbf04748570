import { ManualClock } from '@cardseal/base/clock';
import { DefectError, TransientError } from '@cardseal/base/errors';
import { silentLog } from '@cardseal/core/log';
import { describe, expect, it } from 'vitest';
import { createWriteBuffer } from './write-buffer.ts';

const ids = { tenant: 'bank', job_id: 'job_1' };
const away = new TransientError('store_unavailable');

function setUp() {
  const clock = new ManualClock(0);
  const writeBuffer = createWriteBuffer({ clock, log: silentLog, random: () => 0.5 });
  let takes = false;
  let tries = 0;
  const write = async () => {
    tries++;
    if (!takes) throw away;
    return 'saved';
  };
  const open = () => {
    takes = true;
  };
  return { clock, writeBuffer, write, tries: () => tries, open };
}
const turn = () => new Promise(setImmediate);

describe('a reply that the ledger does not take', () => {
  it('is kept until the ledger takes it, with growing pauses', async () => {
    const { clock, writeBuffer, write, tries, open } = setUp();
    const saved = writeBuffer.persist(ids, new AbortController().signal, write);
    for (let s = 0; s < 3600; s++) {
      await turn();
      clock.advance(1000);
    }
    await turn();
    expect(writeBuffer.waiting()).toBe(1);
    expect(tries()).toBeGreaterThan(200);
    expect(tries()).toBeLessThan(500);
    open();
    clock.advance(16_000);
    expect(await saved).toBe('saved');
    expect(writeBuffer.waiting()).toBe(0);
  });

  it('is dropped with the job, with the error of the ledger', async () => {
    const { writeBuffer, write } = setUp();
    const lost = new AbortController();
    const saved = writeBuffer.persist(ids, lost.signal, write);
    await turn();
    lost.abort();
    await expect(saved).rejects.toBe(away);
    expect(writeBuffer.waiting()).toBe(0);
  });

  it('does not wait when the job itself is refused', async () => {
    const { writeBuffer } = setUp();
    const refusal = new DefectError('seal_broken');
    await expect(writeBuffer.persist(ids, new AbortController().signal, () => Promise.reject(refusal))).rejects.toBe(
      refusal,
    );
  });
});

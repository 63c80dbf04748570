import { createLedger } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { createPacer } from '@cardseal/pacer';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it, onTestFinished } from 'vitest';
import { startPrivateRedis } from '../../../../packages/pacer/src/redis-for-tests.ts';
import { openForGood } from './open.ts';

it('keeps a gate open after an operator opened it, even when Redis lost the closed gate', async () => {
  const server = await startPrivateRedis();
  const pacer = createPacer({ redis: server.redis, prefix: 'gates', credentials: [{ id: 'a', qps: 20 }] });
  onTestFinished(async () => {
    pacer.stop();
    await server.stop();
  });
  const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32)) });
  await ledger.reports.gates.save('a', { reason: 'operator', by: 'ann', untilMs: 0 });
  const old = (await ledger.reports.gates.read('a'))!;

  await openForGood({ ledger }, pacer, 'a', 'bob');

  expect(await ledger.reports.gates.read('a')).toMatchObject({ reason: '', by: 'bob' });
  // A worker that read the old record earlier cannot close the gate again.
  await pacer.restoreGate('a', old);
  expect((await pacer.snapshot())[0]!.gate.state).toBe('open');
});

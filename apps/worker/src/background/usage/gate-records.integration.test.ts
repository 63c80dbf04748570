import { systemClock } from '@cardseal/base/clock';
import { createLedger } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { epochKey } from '@cardseal/core/queue';
import { memoryObjectStore } from '@cardseal/object-store';
import { createPacer } from '@cardseal/pacer';
import { localMasterKey } from '@cardseal/sealing';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../../../packages/pacer/src/redis-for-tests.ts';
import type { WorkerContext } from '../../context.ts';
import { createGateRecords } from './gate-records.ts';
import { createUsageSync } from './usage.ts';

const PREFIX = '{gates}';
const IDS = ['a', 'b', 'c', 'd'];
const WAIT = { maxWaitMs: 5000 };

/** The parts of one worker process: a pacer without the memory of others, and the background loop. */
function startProcess(server: PrivateRedis, ledger: WorkerContext['ledger']) {
  const redis = new Redis({ port: server.port, host: '127.0.0.1' });
  const pacer = createPacer({ redis, prefix: 'gates', credentials: IDS.map((id) => ({ id, qps: 20 })) });
  const config = { QUEUE_PREFIX: PREFIX };
  const rates = new Map(IDS.map((id) => [id, 20]));
  const context = { clock: systemClock, config, ledger, log: silentLog, pacer, rates } as unknown as WorkerContext;
  const watchdog = createUsageSync(context, redis);
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopped ??= watchdog.stop().then(() => {
      pacer.stop();
      redis.disconnect();
    });
    await stopped;
  };
  onTestFinished(stop);
  return { pacer, watchdog, stop };
}

async function setUp() {
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32)) });
  await server.redis.set(epochKey(PREFIX), 'first');
  return { server, ledger, start: () => startProcess(server, ledger) };
}

describe('the state of credentials, after Redis was emptied and every process restarted', () => {
  it('is as it was: daily quota until midnight, a block of a person with its end, and usage', async () => {
    const { server, ledger, start } = await setUp();
    const before = start();
    before.watchdog.start();
    await (await before.pacer.acquire({ ...WAIT, only: ['a'] })).settle({ kind: 'daily_quota' });
    await (await before.pacer.acquire({ ...WAIT, only: ['d'] })).settle({ kind: 'accepted' });
    const untilMs = Date.now() + 3_600_000;
    await before.pacer.closeGate('b', 'operator', untilMs, 'ann');
    await before.pacer.closeGate('c', 'total_quota', undefined, 'machine');
    const gates = (await before.pacer.snapshot()).map(({ gate }) => [gate.reason, gate.by, gate.until]);
    const saved = async () =>
      Promise.all(['a', 'b', 'c'].map(async (id) => (await ledger.reports.gates.read(id))?.reason));
    await expect.poll(saved, { timeout: 10_000 }).toEqual(['daily_quota', 'operator', 'total_quota']);
    await before.watchdog.save();
    await before.stop();
    await server.redis.flushall();

    const { pacer, watchdog } = start();
    watchdog.start();
    const restored = async () => (await pacer.snapshot()).map(({ gate }) => [gate.reason, gate.by, gate.until]);
    await expect.poll(restored, { timeout: 10_000 }).toEqual(gates);
    expect(gates.map(([reason]) => reason)).toEqual(['daily_quota', 'operator', 'total_quota', undefined]);
    await expect.poll(async () => (await pacer.usage('total')).d?.accepted, { timeout: 10_000 }).toBe(1);
    const refused = await pacer.acquire({ ...WAIT, only: ['b'] }).catch((error) => error.code);
    expect(refused).toBe('quota_gate_closed');
  }, 40_000);

  it('no permit of a closed credential is given while it is being put back', async () => {
    const { server, ledger, start } = await setUp();
    await ledger.reports.gates.save('a', { reason: 'operator', by: 'ann', untilMs: 0 });
    const { pacer, watchdog } = start();
    watchdog.start();
    await server.redis.flushall();
    const code = await pacer.acquire({ ...WAIT, only: ['a'] }).then(
      (permit) => permit.giveBack().then(() => 'granted'),
      (error) => error.code,
    );
    // Its slot may have been reserved before; the next one may not.
    const next = await pacer.acquire({ ...WAIT, only: ['a'] }).catch((error) => error.code);
    expect([code, next]).toEqual(['quota_gate_closed', 'quota_gate_closed']);
  }, 40_000);

  it('a Redis that forgot is not taken for one whose gates were opened', async () => {
    const { server, ledger, start } = await setUp();
    await ledger.reports.gates.save('a', { reason: 'operator', by: 'ann', untilMs: 0 });
    const { pacer } = start();
    const gates = createGateRecords({ ledger, pacer, rates: new Map(IDS.map((id) => [id, 20])) });
    const epoch = () => server.redis.get(epochKey(PREFIX));
    await server.redis.flushall();
    expect((await pacer.snapshot())[0]!.gate.state).toBe('open');
    await gates.save(epoch);
    // Or it is emptied, and known again, between two looks.
    let turn = 0;
    await gates.save(async () => `epoch ${turn++}`);
    expect(await ledger.reports.gates.read('a')).toMatchObject({ reason: 'operator' });
    await gates.save(async () => 'known');
    expect(await ledger.reports.gates.read('a')).toMatchObject({ reason: '' });
  });
});

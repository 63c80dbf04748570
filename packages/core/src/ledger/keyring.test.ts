import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock/index.ts';
import { TransientError } from '../errors/index.ts';
import { newJobId } from '../job/index.ts';
import { localMasterKey, type MasterKey } from '../seal/index.ts';
import { createKeyring } from './keyring.ts';
import { memoryObjectStore } from './store/memory-object-store.ts';

const MINUTE_MS = 60_000;

function keyServiceThatCanLeave() {
  const inner = localMasterKey(Buffer.alloc(32, 3));
  const state = { away: false, unwraps: 0 };
  const check = () => {
    if (state.away) throw new TransientError('key_service_unavailable');
  };
  const master: MasterKey = {
    async wrap(tenant, key) {
      check();
      return inner.wrap(tenant, key);
    },
    async unwrap(tenant, wrapped) {
      state.unwraps++;
      check();
      return inner.unwrap(tenant, wrapped);
    },
  };
  return { master, state };
}

describe('keyring', () => {
  it('outlives a key service that is away for five minutes, then says so, and recovers with it', async () => {
    const clock = new ManualClock(0);
    const { master, state } = keyServiceThatCanLeave();
    const keyring = createKeyring(memoryObjectStore(), master, clock);
    const job = newJobId(1);
    const key = await keyring.makeJobKey('bank', job);
    state.away = true;
    clock.advance(5 * MINUTE_MS - 1);
    expect(await keyring.jobKey('bank', job)).toEqual(key);
    clock.advance(1);
    await expect(keyring.jobKey('bank', job)).rejects.toMatchObject({ disposition: 'transient' });
    state.away = false;
    expect(await keyring.jobKey('bank', job)).toEqual(key);
  });

  it('asks once for many that come at once', async () => {
    const clock = new ManualClock(0);
    const { master, state } = keyServiceThatCanLeave();
    const store = memoryObjectStore();
    await createKeyring(store, master, clock).tenantKey('bank');
    const keyring = createKeyring(store, master, clock);
    await Promise.all(Array.from({ length: 20 }, () => keyring.tenantKey('bank')));
    expect(state.unwraps).toBe(1);
  });

  it('of two that make a key at once both use the one that stands', async () => {
    const clock = new ManualClock(0);
    const { master } = keyServiceThatCanLeave();
    const store = memoryObjectStore();
    const [one, other] = [createKeyring(store, master, clock), createKeyring(store, master, clock)];
    const job = newJobId(1);
    const keys = await Promise.all([one.makeJobKey('bank', job), other.makeJobKey('bank', job)]);
    expect(keys[0]).toEqual(keys[1]);
    expect(await one.tenantKey('bank')).toEqual(await other.tenantKey('bank'));
  });
});

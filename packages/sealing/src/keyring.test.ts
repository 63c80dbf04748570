import { ManualClock } from '@cardseal/base/clock';
import { ThrottledError } from '@cardseal/base/errors';
import { memoryObjectStore } from '@cardseal/object-store';
import { describe, expect, it } from 'vitest';
import { createKeyring, type Keyring } from './keyring.ts';
import { localMasterKey, type MasterKey } from './master-key.ts';

const jobId = (at: number) => `job_${at}`;

const MINUTE_MS = 60_000;

function keyServiceThatCanLeave() {
  const inner = localMasterKey(Buffer.alloc(32, 3));
  const state = { away: false, unwraps: 0 };
  const check = () => {
    if (state.away) throw new ThrottledError('key_service_unavailable', 5000);
  };
  const master: MasterKey = {
    ...inner,
    async make(context) {
      check();
      return inner.make(context);
    },
    async unwrap(context, wrapped) {
      state.unwraps++;
      check();
      return inner.unwrap(context, wrapped);
    },
  };
  return { master, state };
}

const lookupKey = (keyring: Keyring) => keyring.withLookupKey('bank', (key) => Buffer.from(key));

describe('keyring', () => {
  it('outlives a key service that is away for five minutes, then says so, and recovers with it', async () => {
    const clock = new ManualClock(0);
    const { master, state } = keyServiceThatCanLeave();
    const keyring = createKeyring(memoryObjectStore(), master, clock);
    const job = jobId(1);
    const key = await keyring.makeJobKey('bank', job);
    state.away = true;
    clock.advance(5 * MINUTE_MS - 1);
    expect(await keyring.jobKey('bank', job)).toEqual(key);
    clock.advance(1);
    await expect(keyring.jobKey('bank', job)).rejects.toMatchObject({ disposition: 'throttled' });
    state.away = false;
    expect(await keyring.jobKey('bank', job)).toEqual(key);
  });

  it('asks for a key in use again well before its end, so that an outage finds it fresh', async () => {
    const clock = new ManualClock(0);
    const { master, state } = keyServiceThatCanLeave();
    const keyring = createKeyring(memoryObjectStore(), master, clock);
    await lookupKey(keyring);
    clock.advance(4.9 * MINUTE_MS);
    await lookupKey(keyring);
    await expect.poll(() => state.unwraps).toBe(2);
    state.away = true;
    clock.advance(4.9 * MINUTE_MS);
    expect(await lookupKey(keyring)).toHaveLength(32);
  });

  it('asks once for many that come at once', async () => {
    const clock = new ManualClock(0);
    const { master, state } = keyServiceThatCanLeave();
    const keyring = createKeyring(memoryObjectStore(), master, clock);
    await Promise.all(Array.from({ length: 20 }, () => lookupKey(keyring)));
    expect(state.unwraps).toBe(1);
  });

  it('two processes that create a key at the same time use the same one', async () => {
    const clock = new ManualClock(0);
    const { master } = keyServiceThatCanLeave();
    const store = memoryObjectStore();
    const [one, other] = [createKeyring(store, master, clock), createKeyring(store, master, clock)];
    const job = jobId(1);
    const keys = await Promise.all([one.makeJobKey('bank', job), other.makeJobKey('bank', job)]);
    expect(keys[0]).toEqual(keys[1]);
    expect(await lookupKey(one)).toEqual(await lookupKey(other));
  });

  it('opens what a process sealed that knew of a new version first, and seals with it itself within a minute', async () => {
    const clock = new ManualClock(0);
    const { master } = keyServiceThatCanLeave();
    const store = memoryObjectStore();
    const [one, other] = [createKeyring(store, master, clock), createKeyring(store, master, clock)];
    const context = { tenant: 'bank', subject: 'x', kind: 'test' };
    const old = await other.seal('bank', context, Buffer.from('old'));
    expect(await one.addTenantKey('bank')).toBe(2);
    const sealed = await one.seal('bank', context, Buffer.from('new'));
    expect(sealed.subarray(0, 5)).toEqual(Buffer.from([0x54, 0, 0, 0, 2]));
    expect((await other.open('bank', context, sealed)).toString()).toBe('new');
    expect((await one.open('bank', context, old)).toString()).toBe('old');
    expect((await other.seal('bank', context, Buffer.from('too')))[0]).toBe(0x54);
    expect(await lookupKey(one)).toEqual(await lookupKey(other));
  });

  it('opens what a newer version sealed although it is just loading what was there before', async () => {
    const clock = new ManualClock(0);
    const { master } = keyServiceThatCanLeave();
    const inner = memoryObjectStore();
    let gate: Promise<void> | undefined;
    const slow: typeof inner = {
      ...inner,
      async list(prefix, options) {
        const page = await inner.list(prefix, options);
        await gate;
        return page;
      },
    };
    const [one, other] = [createKeyring(inner, master, clock), createKeyring(slow, master, clock)];
    const context = { tenant: 'bank', subject: 'x', kind: 'test' };
    await lookupKey(other);
    clock.advance(MINUTE_MS);
    const held = Promise.withResolvers<void>();
    gate = held.promise;
    // The refresh runs in the background, and has read one version when the next is created.
    await lookupKey(other);
    await new Promise(setImmediate);
    await one.addTenantKey('bank');
    const sealed = await one.seal('bank', context, Buffer.from('new'));
    const opening = other.open('bank', context, sealed);
    await new Promise(setImmediate);
    held.resolve();
    expect((await opening).toString()).toBe('new');
  });

  it('overwrites the keys that it read when another version of the same tenant does not open', async () => {
    const { master } = keyServiceThatCanLeave();
    const store = memoryObjectStore();
    const clock = new ManualClock(0);
    await createKeyring(store, master, clock).addTenantKey('bank');
    const given: Buffer[] = [];
    const half: MasterKey = {
      ...master,
      async unwrap(context, wrapped) {
        if (context.object.endsWith('.2')) throw new ThrottledError('key_service_denied', 5000);
        given.push(await master.unwrap(context, wrapped));
        return given.at(-1)!;
      },
    };
    await expect(lookupKey(createKeyring(store, half, clock))).rejects.toMatchObject({ code: 'key_service_denied' });
    expect(given).toEqual([Buffer.alloc(32)]);
  });
});

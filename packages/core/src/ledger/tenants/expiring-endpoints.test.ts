import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { createLedger } from '../ledger.ts';
import type { EndpointRecord } from './registry.ts';

const endpoint = {
  url: 'https://receiver.example/',
  events: null,
  payload: 'reference',
  publicKey: null,
  headers: { 'x-key': 'a' },
  state: 'enabled',
  secrets: [{ secret: 'whsec_x', untilMs: null }],
  createdAtMs: 0,
} satisfies EndpointRecord;

function world() {
  const clock = new ManualClock(1_000);
  const { endpoints } = createLedger({
    store: memoryObjectStore(),
    master: localMasterKey(Buffer.alloc(32, 1)),
    clock,
  }).tenants;
  return { clock, endpoints };
}

describe('an endpoint with an expiry', () => {
  it('is an endpoint like any other until then, and deleted for every reader from then on', async () => {
    const { clock, endpoints } = world();
    await endpoints.create('bank', 'we_1', { ...endpoint, expiresAtMs: 2_000 });
    clock.advance(999);
    expect((await endpoints.get('bank', 'we_1'))?.value).toMatchObject(endpoint);
    clock.advance(1);
    const gone = { state: 'deleted', secrets: [], headers: {} };
    expect((await endpoints.get('bank', 'we_1'))?.value).toMatchObject(gone);
    expect((await endpoints.list('bank'))[0]?.value).toMatchObject(gone);
  });

  it('cannot be changed into a living one by a change that comes too late', async () => {
    const { clock, endpoints } = world();
    await endpoints.create('bank', 'we_1', { ...endpoint, expiresAtMs: 2_000 });
    clock.advance(1_000);
    const changed = await endpoints.change('bank', 'we_1', (value) => ({ ...value, expiresAtMs: null, maxRate: 5 }));
    expect(changed?.value).toMatchObject({ state: 'deleted', secrets: [] });
    expect((await endpoints.get('bank', 'we_1'))?.value.state).toBe('deleted');
  });

  it('lives on when its expiry is moved in time, and without one for ever', async () => {
    const { clock, endpoints } = world();
    await endpoints.create('bank', 'we_1', { ...endpoint, expiresAtMs: 2_000 });
    await endpoints.create('bank', 'we_2', endpoint);
    await endpoints.change('bank', 'we_1', (value) => ({ ...value, expiresAtMs: 9_000 }));
    clock.advance(5_000);
    expect((await endpoints.list('bank')).map(({ value }) => value.state)).toEqual(['enabled', 'enabled']);
  });
});

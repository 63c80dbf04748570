import type { EndpointRecord, Ledger, Versioned } from '@cardseal/core/ledger';
import { expect, it } from 'vitest';
import { createEndpoints } from './endpoint-cache.ts';

const known = (state: string, version = 1) =>
  ({ id: 'we_1', version, value: { state } }) as unknown as Versioned<EndpointRecord>;

/** A ledger whose answers come when the test lets them. */
function slowLedger() {
  const asked: { what: 'get' | 'list'; answer(record: Versioned<EndpointRecord>): void }[] = [];
  const ask = <T>(what: 'get' | 'list', shape: (record: Versioned<EndpointRecord>) => T) =>
    new Promise<T>((resolve) => asked.push({ what, answer: (record) => resolve(shape(record)) }));
  const endpoints = { get: () => ask('get', (one) => one), list: () => ask('list', (one) => [one]) };
  return { asked, ledger: { tenants: { endpoints } } as unknown as Ledger };
}

it('a listed endpoint is not read again', async () => {
  const { asked, ledger } = slowLedger();
  const endpoints = createEndpoints(ledger);
  const listed = endpoints.list('bank');
  asked[0]!.answer(known('enabled'));
  await listed;
  expect(await endpoints.get('bank', 'we_1')).toEqual(known('enabled'));
  expect(asked.map(({ what }) => what)).toEqual(['list']);
});

it('a list that started before an entry was removed does not bring it back', async () => {
  const { asked, ledger } = slowLedger();
  const endpoints = createEndpoints(ledger);
  const listed = endpoints.list('bank');
  endpoints.forget('bank', 'we_1');
  asked[0]!.answer(known('enabled'));
  await listed;
  expect(endpoints.recall('bank', 'we_1')).toBeUndefined();
  const fresh = endpoints.get('bank', 'we_1');
  asked[1]!.answer(known('disabled', 2));
  expect(await fresh).toEqual(known('disabled', 2));
});

it('a waiting read resolves when a list arrives in between', async () => {
  const { asked, ledger } = slowLedger();
  const endpoints = createEndpoints(ledger);
  const [one, all] = [endpoints.get('bank', 'we_1'), endpoints.list('bank')];
  asked[1]!.answer(known('enabled'));
  await all;
  asked[0]!.answer(known('enabled'));
  expect(await one).toEqual(known('enabled'));
});

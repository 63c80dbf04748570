import { ManualClock } from '@cardseal/base/clock';
import { createLedger, paths, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { lastDay, readManifest } from '@cardseal/core/reports';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import type { WorkerContext } from '../../context.ts';
import { createDailyReports } from './daily-reports.ts';

const NOON_MS = Date.parse('2026-03-02T12:00:00+08:00');

it('a report that cannot be created delays no other tenant, and is retried', async () => {
  const store = memoryObjectStore();
  const clock = new ManualClock(NOON_MS);
  // Each has a separate memory, as another process has.
  const open = () => createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const ledger = open();
  for (const tenant of ['aaa', 'bbb']) {
    await ledger.tenants.records.create(SYSTEM_TENANT, tenant, { name: tenant, createdAtMs: 0 } as never);
    await ledger.tenants.endpoints.create(tenant, 'we_1', { url: 'https://r.example/', state: 'enabled' } as never);
  }
  const [record] = (await store.list(paths.record('endpoints', 'aaa', 'we_1'))).keys;
  const sound = await store.get(record!);
  await store.put(record!, Buffer.from('garbage'));
  const told: { event: string; tenant?: string }[] = [];
  const log = { error: (event: string, fields: object) => told.push({ event, ...fields }), info: () => {} };
  const watchdog = createDailyReports({ clock, ledger: open(), log, random: () => 0 } as unknown as WorkerContext);
  const day = lastDay(NOON_MS);

  expect(await watchdog.makeMissing()).toBe(1);
  expect(told).toMatchObject([{ event: 'walk.stuck', tenant: 'aaa' }]);
  expect(await readManifest(ledger, 'bbb', day)).toMatchObject({ agrees: true });

  await store.put(record!, sound!);
  expect(await watchdog.makeMissing()).toBe(1);
  expect(await readManifest(ledger, 'aaa', day)).toMatchObject({ agrees: true });
  expect(await watchdog.makeMissing()).toBe(0);
});

it('a tenant whose record cannot be read delays no other report', async () => {
  const store = memoryObjectStore();
  const clock = new ManualClock(NOON_MS);
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  for (const tenant of ['aaa', 'bbb'])
    await ledger.tenants.records.create(SYSTEM_TENANT, tenant, { name: tenant, createdAtMs: 0 });
  await store.put(`${paths.record('tenants', SYSTEM_TENANT, 'aaa')}00000000`, Buffer.from('garbage'));
  const log = { error: () => {}, info: () => {} };
  const watchdog = createDailyReports({ clock, ledger, log, random: () => 0 } as unknown as WorkerContext);
  await watchdog.makeMissing();
  expect(await readManifest(ledger, 'bbb', lastDay(NOON_MS))).toMatchObject({ agrees: true });
});

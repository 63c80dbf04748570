/**
 * The usage of each API key by day (Shanghai time, as for the limits): sealed counts, one object per key, day and
 * process, written from time to time under the next number. Statistics only: a process that crashes loses its last
 * minute.
 */

import { listAll, type ObjectStore, scan } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';

export interface KeyCounts {
  requests: number;
  /** Accepted jobs, each counted once. */
  cards: number;
  /** Requests that got the response 429. */
  refused: number;
}

interface KeyUsageDay extends KeyCounts {
  /** `YYYY-MM-DD`. */
  day: string;
  apiKeyId: string;
}

interface KeyUsageRef {
  tenant: string;
  day: string;
  apiKeyId: string;
  /** The process that counts. Each process counts on its own. */
  process: string;
}

export interface KeyUsage {
  /** Replaces what this process wrote before as `number - 1`. */
  save(ref: KeyUsageRef, number: number, counts: KeyCounts): Promise<void>;
  /** Sums over all processes, newest day first. Both days are inclusive. */
  read(tenant: string, fromDay: string, toDay: string): Promise<KeyUsageDay[]>;
}

const SHANGHAI_MS = 8 * 3_600_000;

export function usageDay(nowMs: number): string {
  return new Date(nowMs + SHANGHAI_MS).toISOString().slice(0, 10);
}

const prefixOf = (tenant: string) => `key-usage/${tenant}/`;
const objectName = ({ tenant, day, apiKeyId, process }: KeyUsageRef, number: number) =>
  `${prefixOf(tenant)}${day}/${apiKeyId}.${process}/${String(number).padStart(6, '0')}`;
const NAME = /^key-usage\/[^/]+\/([\d-]{10})\/([a-z0-9]+)\.([a-z0-9]+)\/(\d{6})$/;

export function createKeyUsage(store: ObjectStore, keyring: Keyring): KeyUsage {
  const context = (tenant: string, name: string) => ({ tenant, subject: name, kind: 'key-usage' });

  async function newestNames(tenant: string, fromDay: string, toDay: string): Promise<Map<string, string>> {
    const newest = new Map<string, string>();
    for await (const name of scan(store, prefixOf(tenant), `${prefixOf(tenant)}${fromDay}`)) {
      const [, day = ''] = NAME.exec(name) ?? [];
      if (day > toDay) break;
      // In byte order, so that the last name of a folder is the newest.
      if (day >= fromDay) newest.set(name.slice(0, name.lastIndexOf('/')), name);
    }
    return newest;
  }

  return {
    async save(ref, number, counts) {
      const name = objectName(ref, number);
      const sealed = await keyring.seal(ref.tenant, context(ref.tenant, name), Buffer.from(JSON.stringify(counts)));
      await store.put(name, sealed);
      const folder = name.slice(0, name.lastIndexOf('/') + 1);
      if (number > 1) await store.delete((await listAll(store, folder)).filter((other) => other < name));
    },

    async read(tenant, fromDay, toDay) {
      const sums = new Map<string, KeyUsageDay>();
      for (const name of (await newestNames(tenant, fromDay, toDay)).values()) {
        const sealed = await store.get(name);
        if (!sealed) continue;
        const counts = JSON.parse((await keyring.open(tenant, context(tenant, name), sealed)).toString()) as KeyCounts;
        const [, day = '', apiKeyId = ''] = NAME.exec(name) ?? [];
        const sum = sums.get(`${day} ${apiKeyId}`) ?? { day, apiKeyId, requests: 0, cards: 0, refused: 0 };
        for (const what of ['requests', 'cards', 'refused'] as const) sum[what] += counts[what];
        sums.set(`${day} ${apiKeyId}`, sum);
      }
      return [...sums.values()].sort((a, b) =>
        a.day < b.day || (a.day === b.day && a.apiKeyId > b.apiKeyId) ? 1 : -1,
      );
    },
  };
}

/** Counts the usage of each key in this process and writes the sums to the ledger from time to time. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';
import { type KeyCounts, type Ledger, usageDay } from '@cardseal/core/ledger';
import { describeError, type Log } from '@cardseal/core/log';
import type { Caller } from '../auth/index.ts';

const EVERY_MS = 60_000;

export interface UsageMeter {
  note(caller: Pick<Caller, 'tenant' | 'apiKeyId'>, what: keyof KeyCounts, count?: number): void;
  /** Writes the counts of one tenant or of all. */
  flush(tenant?: string): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

interface Sum {
  tenant: string;
  day: string;
  apiKeyId: string;
  counts: KeyCounts;
  changed: boolean;
  written: number;
}

export function createUsageMeter(ledger: Ledger, clock: Clock, log: Log): UsageMeter {
  const process = randomBytes(6).toString('hex');
  const sums = new Map<string, Sum>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  async function write(tenant: string | undefined): Promise<void> {
    const today = usageDay(clock.now());
    for (const [name, sum] of sums) {
      if (tenant !== undefined && sum.tenant !== tenant) continue;
      if (sum.changed) {
        sum.changed = false;
        try {
          await ledger.tenants.keyUsage.save({ ...sum, process }, sum.written + 1, { ...sum.counts });
          sum.written++;
        } catch (error) {
          sum.changed = true;
          log.warn('usage.postponed', { tenant: sum.tenant, ...describeError(error) });
        }
      }
      if (!sum.changed && sum.day < today) sums.delete(name);
    }
  }

  const meter: UsageMeter = {
    note({ tenant, apiKeyId }, what, count = 1) {
      const day = usageDay(clock.now());
      const name = `${tenant} ${apiKeyId} ${day}`;
      const counts = { requests: 0, cards: 0, refused: 0 };
      const sum = sums.get(name) ?? { tenant, day, apiKeyId, counts, changed: false, written: 0 };
      sum.counts[what] += count;
      sum.changed = true;
      sums.set(name, sum);
    },
    // One after the other: two concurrent writes would use the same number.
    flush(tenant) {
      writing = writing.then(() => write(tenant));
      return writing;
    },
    start() {
      timer = setInterval(() => void meter.flush(), EVERY_MS).unref();
    },
    async stop() {
      clearInterval(timer);
      await meter.flush();
    },
  };
  return meter;
}

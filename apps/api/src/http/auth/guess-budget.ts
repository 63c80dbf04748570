/** How many unknown API keys are looked up in the store: per address, and of all addresses together. */
import { isIPv6 } from 'node:net';
import type { Clock } from '@cardseal/base/clock';
import { LRUCache } from 'lru-cache';

export interface GuessBudget {
  /** False when the address, or all addresses together, have looked up too many unknown keys. */
  take(address: string): boolean;
  /** The key exists: the look-up was no guess. */
  giveBack(address: string): void;
}

interface Rate {
  burst: number;
  perSecond: number;
}

/** Enough for a deployment in which some clients start with new or mistyped keys. */
const PER_ADDRESS: Rate = { burst: 20, perSecond: 1 };
const OF_ALL: Rate = { burst: 200, perSecond: 20 };
const KEPT_ADDRESSES = 10_000;

export function createGuessBudget(clock: Clock): GuessBudget {
  const addresses = new LRUCache<string, Bucket>({ max: KEPT_ADDRESSES });
  const all = new Bucket(OF_ALL, clock);

  function bucketOf(address: string): Bucket {
    const name = network(address);
    const bucket = addresses.get(name) ?? new Bucket(PER_ADDRESS, clock);
    addresses.set(name, bucket);
    return bucket;
  }

  return {
    take(address) {
      const bucket = bucketOf(address);
      if (bucket.level() < 1 || all.level() < 1) return false;
      bucket.add(-1);
      all.add(-1);
      return true;
    },
    giveBack(address) {
      bucketOf(address).add(1);
      all.add(1);
    },
  };
}

class Bucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #tokens: number;
  #atMs: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#atMs = clock.now();
  }

  level(): number {
    const nowMs = this.#clock.now();
    // A clock that is set back adds nothing to the budget.
    const gained = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  add(tokens: number): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + tokens);
  }
}

/** A client has all addresses of an IPv6 network of 64 bits, so they count as one. */
function network(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const rest = tail.split(':').filter(Boolean);
  const zeros = address.includes('::') ? Math.max(0, 8 - groups.length - rest.length) : 0;
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, 4).join(':');
}

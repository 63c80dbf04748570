/**
 * Simulates the deliver queue with its own clock: the real endpoint limits and retry schedule on a real Redis, with
 * receivers that are only numbers. Slots, delays and promotion follow the worker's rules; an hour passes in seconds.
 */
import { type EndpointLimits, longestWaitMs } from '@cardseal/core/queue';
import { type DeliveryClass, nextAttempt } from '@cardseal/webhook';

export interface SimulatedEndpoint {
  id: string;
  /** The response to an attempt that starts at this time. */
  answer(nowMs: number): { class: DeliveryClass; latencyMs: number };
}

export interface SimulationOptions {
  endpoints: readonly SimulatedEndpoint[];
  /** Each event goes to one endpoint, in turn, starting at time 0. */
  events: { perSecond: number; count: number };
  slots: number;
  untilMs: number;
  lanes: Pick<EndpointLimits, 'acquire' | 'release'>;
  random: () => number;
}

export interface SimulationResult {
  /** From the event to the start of its first attempt. */
  waits: { endpoint: string; waitMs: number }[];
  tries: { endpoint: string; atMs: number; class: DeliveryClass }[];
  delivered: number;
}

interface Delivery {
  id: string;
  endpoint: SimulatedEndpoint;
  owedMs: number;
  tries: number;
  asleepUntilMs: number | null;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #lateSlots: number;
  readonly #agenda = createAgenda();
  readonly #ready: Delivery[] = [];
  readonly #sleeping = new Map<string, Delivery>();
  readonly #result: SimulationResult = { waits: [], tries: [], delivered: 0 };
  #busy = 0;
  #late = 0;
  #nowMs = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#lateSlots = Math.floor(options.slots / 2);
  }

  async run(): Promise<SimulationResult> {
    const { endpoints, events, slots, untilMs } = this.#options;
    for (let n = 0; n < events.count; n++) {
      const owedMs = (n / events.perSecond) * 1000;
      const endpoint = endpoints[n % endpoints.length]!;
      const delivery = { id: `d-${n}`, endpoint, owedMs, tries: 0, asleepUntilMs: null };
      this.#agenda.at(owedMs, () => void this.#ready.push(delivery));
    }
    for (;;) {
      while (this.#ready.length > 0 && this.#busy < slots) await this.#start(this.#ready.shift()!);
      const due = this.#agenda.next();
      if (!due || due.atMs > untilMs) return this.#result;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      await due.work();
    }
  }

  async #start(delivery: Delivery): Promise<void> {
    const { lanes, random } = this.#options;
    const { id, endpoint, tries } = delivery;
    const nowMs = this.#nowMs;
    const lateRoom = this.#late < this.#lateSlots;
    const admission = await lanes.acquire(limitOf(endpoint), { id, late: tries > 0, lateRoom, rate: null, nowMs });
    if (admission.verdict === 'wait') this.#sleep(delivery, nowMs + longestWaitMs(admission.place, random()));
    if (admission.verdict === 'until') this.#sleep(delivery, Math.max(admission.atMs, nowMs + 1));
    this.#promote(admission.wake);
    if (admission.verdict !== 'go') return;
    this.#busy++;
    if (admission.late) this.#late++;
    if (tries === 0) this.#result.waits.push({ endpoint: endpoint.id, waitMs: nowMs - delivery.owedMs });
    const response = endpoint.answer(nowMs);
    this.#result.tries.push({ endpoint: endpoint.id, atMs: nowMs, class: response.class });
    this.#agenda.at(nowMs + response.latencyMs, () => this.#end(delivery, response.class, admission.late));
  }

  async #end(delivery: Delivery, result: DeliveryClass, wasLate: boolean): Promise<void> {
    const { lanes, random } = this.#options;
    const nowMs = this.#nowMs;
    this.#busy--;
    if (wasLate) this.#late--;
    delivery.tries++;
    const throttle = result === 'timeout' || result === 'throttling' || result === 'server_error';
    const outcome = result === 'delivered' ? 'ok' : throttle ? 'throttle' : 'fail';
    const end = { id: delivery.id, outcome, late: wasLate, rate: null, nowMs } as const;
    const released = await lanes.release(limitOf(delivery.endpoint), end);
    if (result === 'delivered') this.#result.delivered++;
    else {
      const next = nextAttempt({ triesMade: delivery.tries, failure: { class: result }, nowMs, random: random() });
      if (next.kind === 'retry') this.#sleep(delivery, next.atMs);
    }
    for (const one of released.wake) this.#promote(one);
  }

  #sleep(delivery: Delivery, untilMs: number): void {
    delivery.asleepUntilMs = untilMs;
    this.#sleeping.set(delivery.id, delivery);
    this.#agenda.at(untilMs, () => {
      if (delivery.asleepUntilMs === untilMs) this.#awake(delivery);
    });
  }

  #awake(delivery: Delivery): void {
    delivery.asleepUntilMs = null;
    this.#sleeping.delete(delivery.id);
    this.#ready.push(delivery);
  }

  #promote(promoted: { ids: string[]; atMs: number } | null): void {
    for (const id of promoted?.ids ?? []) {
      const delivery = this.#sleeping.get(id);
      if (!delivery) continue;
      if (promoted!.atMs > this.#nowMs) this.#sleep(delivery, promoted!.atMs);
      else this.#awake(delivery);
    }
  }
}

function limitOf(endpoint: SimulatedEndpoint) {
  return { tenant: 'sim', endpoint: endpoint.id };
}

/** A heap of future work; entries with equal times keep their order. */
function createAgenda() {
  type Entry = { atMs: number; order: number; work: () => unknown };
  const heap: Entry[] = [];
  let order = 0;
  const before = (a: Entry, b: Entry) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  return {
    at(atMs: number, work: () => unknown) {
      heap.push({ atMs, order: order++, work });
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (before(heap[parent]!, heap[at]!)) break;
        swap(at, parent);
        at = parent;
      }
    },
    next(): Entry | undefined {
      const first = heap[0];
      const last = heap.pop();
      if (!first || !last || heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2];
        let least = at;
        if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
        if (right < heap.length && before(heap[right]!, heap[least]!)) least = right;
        if (least === at) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}

/** Removes the endpoint limits: every attempt starts at once. For the run that shows their effect. */
export const NO_LANES: Pick<EndpointLimits, 'acquire' | 'release'> = {
  acquire: async () => ({ verdict: 'go', late: false, wake: null }),
  release: async () => ({
    state: { streak: 0, firstFailureMs: null, pausedUntilMs: null, heldUntilMs: null },
    wake: [],
  }),
};

/** A repeatable stream of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

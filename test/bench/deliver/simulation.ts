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

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one simulated run: its functions share the queue and the clock.
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { endpoints, events, slots, lanes, random } = options;
  const agenda = createAgenda();
  const ready: Delivery[] = [];
  const sleeping = new Map<string, Delivery>();
  const result: SimulationResult = { waits: [], tries: [], delivered: 0 };
  const lateSlots = Math.floor(slots / 2);
  let busy = 0;
  let late = 0;
  let nowMs = 0;

  const sleep = (delivery: Delivery, untilMs: number) => {
    delivery.asleepUntilMs = untilMs;
    sleeping.set(delivery.id, delivery);
    agenda.at(untilMs, () => {
      if (delivery.asleepUntilMs !== untilMs) return;
      awake(delivery);
    });
  };
  const awake = (delivery: Delivery) => {
    delivery.asleepUntilMs = null;
    sleeping.delete(delivery.id);
    ready.push(delivery);
  };
  const wake = (one: { ids: string[]; atMs: number } | null) => {
    for (const id of one?.ids ?? []) {
      const delivery = sleeping.get(id);
      if (!delivery) continue;
      if (one!.atMs > nowMs) sleep(delivery, one!.atMs);
      else awake(delivery);
    }
  };

  async function start(delivery: Delivery): Promise<void> {
    const { id, endpoint, tries } = delivery;
    const lane = { tenant: 'sim', endpoint: endpoint.id };
    const admission = await lanes.acquire(lane, { id, late: tries > 0, lateRoom: late < lateSlots, rate: null, nowMs });
    if (admission.verdict === 'wait') sleep(delivery, nowMs + longestWaitMs(admission.place, random()));
    if (admission.verdict === 'until') sleep(delivery, Math.max(admission.atMs, nowMs + 1));
    wake(admission.wake);
    if (admission.verdict !== 'go') return;
    busy++;
    if (admission.late) late++;
    if (tries === 0) result.waits.push({ endpoint: endpoint.id, waitMs: nowMs - delivery.owedMs });
    const answer = endpoint.answer(nowMs);
    result.tries.push({ endpoint: endpoint.id, atMs: nowMs, class: answer.class });
    agenda.at(nowMs + answer.latencyMs, () => end(delivery, answer.class, admission.late));
  }

  async function end(delivery: Delivery, answered: DeliveryClass, wasLate: boolean): Promise<void> {
    busy--;
    if (wasLate) late--;
    delivery.tries++;
    const throttle = answered === 'timeout' || answered === 'throttling' || answered === 'server_error';
    const outcome = answered === 'delivered' ? 'ok' : throttle ? 'throttle' : 'fail';
    const lane = { tenant: 'sim', endpoint: delivery.endpoint.id };
    const released = await lanes.release(lane, { id: delivery.id, outcome, late: wasLate, rate: null, nowMs });
    if (answered === 'delivered') result.delivered++;
    else {
      const next = nextAttempt({ triesMade: delivery.tries, failure: { class: answered }, nowMs, random: random() });
      if (next.kind === 'retry') sleep(delivery, next.atMs);
    }
    for (const one of released.wake) wake(one);
  }

  for (let n = 0; n < events.count; n++) {
    const owedMs = (n / events.perSecond) * 1000;
    const endpoint = endpoints[n % endpoints.length]!;
    agenda.at(owedMs, () => void ready.push({ id: `d-${n}`, endpoint, owedMs, tries: 0, asleepUntilMs: null }));
  }
  for (;;) {
    while (ready.length > 0 && busy < slots) await start(ready.shift()!);
    const due = agenda.next();
    if (!due || due.atMs > options.untilMs) return result;
    nowMs = Math.max(nowMs, due.atMs);
    await due.work();
  }
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

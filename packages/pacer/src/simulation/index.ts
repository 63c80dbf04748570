/**
 * Runs the model of the pacer against a model of the provider in simulated time, for property tests and for the
 * frontier of use against refusals. Seeded and pure; it never runs in an app.
 */
import { type OutcomeKind, reserve, settle } from '../model.ts';
import { type PacingOptions, type Rules, rulesFrom } from '../rules.ts';
import { moveLate } from '../schedule.ts';
import type { PacingState } from '../state.ts';
import { EventQueue, mulberry } from './events.ts';
import { Provider, type WindowKind } from './provider.ts';

export interface Simulation {
  seed: number;
  qps: number;
  seconds: number;
  window: WindowKind;
  options?: PacingOptions;
  /** The provider's real limit in a second of the run; the nominal one if absent. */
  realLimit?: (second: number) => number;
  /** Lateness of the sender in milliseconds, which the sender measures. */
  lateMs?: (random: () => number) => number;
  /** Delay on the network in milliseconds, which nothing measures. */
  wayMs?: (random: () => number) => number;
  latencyMs?: (random: () => number) => number;
  /** Whether the provider counts refused calls. */
  countsRefused?: boolean;
  /** When false, the pacer gets no outcomes, like a plain reservation. */
  teach?: boolean;
}

export interface SimulationResult {
  /** Per second of the run. */
  accepted: number[];
  refused: number[];
  /** The learned limit at the end of each second. */
  limits: number[];
  marginMs: number;
}

const START_US = 1_790_000_000_000_000;

export const exponential = (meanMs: number) => (random: () => number) => -Math.log(1 - random()) * meanMs;

export function simulate(simulation: Simulation): SimulationResult {
  return new Run(simulation).result();
}

class Run {
  readonly #simulation: Simulation;
  readonly #rules: Rules;
  readonly #random: () => number;
  readonly #events = new EventQueue();
  readonly #provider: Provider;
  readonly #pool: (PacingState | undefined)[] = [undefined];
  readonly #result: SimulationResult;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#rules = rulesFrom(simulation.options);
    this.#random = mulberry(simulation.seed);
    this.#provider = new Provider(simulation.window, simulation.countsRefused ?? false);
    const zeros = () => new Array<number>(simulation.seconds).fill(0);
    this.#result = { accepted: zeros(), refused: zeros(), limits: zeros(), marginMs: 0 };
  }

  result(): SimulationResult {
    const endUs = START_US + this.#simulation.seconds * 1_000_000;
    this.#events.at(START_US, (nowUs) => this.#demand(nowUs));
    for (let second = 1; second <= this.#simulation.seconds; second++) {
      this.#events.at(START_US + second * 1_000_000 - 1, () => {
        this.#result.limits[second - 1] = this.#pool[0]!.limit;
      });
    }
    this.#events.runUntil(endUs);
    this.#result.marginMs = this.#pool[0]!.marginUs / 1000;
    return this.#result;
  }

  /** An endless backlog: reserves until the horizon is full, then waits and continues. */
  #demand(nowUs: number): void {
    const credentials = [{ id: 'a', qps: this.#simulation.qps, daily: 0, total: 0, hintLimit: 0, hintMarginUs: 0 }];
    for (;;) {
      const input = { nowUs, withinUs: this.#rules.horizonUs, run: 'r', rules: this.#rules, credentials };
      const { answer } = reserve(this.#pool, input);
      if (answer.code === 'granted') this.#send(answer.id, answer.slotUs);
      if (answer.code === 'wait') {
        this.#events.at(answer.slotUs - this.#rules.horizonUs + 5000, (at) => this.#demand(at));
        return;
      }
      if (answer.code === 'closed') return;
    }
  }

  #send(id: number, slotUs: number): void {
    const lateUs = Math.round((this.#simulation.lateMs?.(this.#random) ?? 0) * 1000);
    const sentUs = slotUs + lateUs;
    if (lateUs > this.#rules.permitTtlUs) {
      this.#events.at(sentUs, (at) => this.#settle(id, slotUs, 'unsent', at));
      return;
    }
    this.#events.at(sentUs, (at) => {
      if (lateUs > this.#pool[0]!.marginUs / 2) this.#tellLate(id, sentUs);
      const wayUs = Math.round((this.#simulation.wayMs?.(this.#random) ?? 0) * 1000);
      this.#events.at(at + wayUs, (arrivedUs) => this.#arrive(id, slotUs, arrivedUs));
    });
  }

  #arrive(id: number, slotUs: number, atUs: number): void {
    const second = Math.floor((atUs - START_US) / 1_000_000);
    const limit = this.#simulation.realLimit?.(second) ?? this.#simulation.qps;
    const ok = this.#provider.accepts(atUs, limit);
    const counts = ok ? this.#result.accepted : this.#result.refused;
    if (second < counts.length) counts[second]! += 1;
    const latencyUs = Math.round((this.#simulation.latencyMs?.(this.#random) ?? 300) * 1000);
    this.#events.at(atUs + latencyUs, (at) => this.#settle(id, slotUs, ok ? 'accepted' : 'refused_qps', at));
  }

  #tellLate(id: number, sentUs: number): void {
    if (this.#simulation.teach !== false) moveLate(this.#pool[0]!, id, sentUs);
  }

  #settle(id: number, slotUs: number, kind: OutcomeKind, nowUs: number): void {
    if (this.#simulation.teach === false) return;
    settle(this.#pool[0], { nowUs, id, slotUs, kind, sentUs: 0, rules: this.#rules });
  }
}

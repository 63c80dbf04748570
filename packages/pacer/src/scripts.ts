/**
 * Runs the Lua scripts on Redis, each by its hash, and never waits longer than the command timeout: a Redis that does
 * not respond means "not now". It must never retry by itself: a reservation is not idempotent.
 */
import { createHash } from 'node:crypto';
import { ThrottledError } from '@cardseal/base/errors';
import { loadLua } from '@cardseal/base/lua';
import type { Cluster, Redis } from 'ioredis';
import type { Rules } from './rules.ts';

export type PacingRedis = Redis | Cluster;

const NAMES = ['reserve', 'settle', 'gate', 'late', 'look', 'restore'] as const;

export type ScriptName = (typeof NAMES)[number];

interface Script {
  text: string;
  hash: string;
}

/** The text of a script with the rules in front. */
export function scriptText(name: ScriptName, rules: Rules): string {
  return loadLua(new URL(`lua/${name}.lua`, import.meta.url), { rules: { ...rules } });
}

function scriptsFor(rules: Rules): Record<ScriptName, Script> {
  const scripts = NAMES.map((name) => {
    const text = scriptText(name, rules);
    return [name, { text, hash: createHash('sha1').update(text).digest('hex') }];
  });
  return Object.fromEntries(scripts);
}

const UNAVAILABLE_RETRY_MS = 1000;

const unavailable = (cause?: unknown) => new ThrottledError('pacing_unavailable', UNAVAILABLE_RETRY_MS, { cause });

export class Scripts {
  readonly #redis: PacingRedis;
  readonly #timeoutMs: number;
  readonly #scripts: Record<ScriptName, Script>;

  constructor(redis: PacingRedis, timeoutMs: number, rules: Rules) {
    this.#redis = redis;
    this.#timeoutMs = timeoutMs;
    this.#scripts = scriptsFor(rules);
  }

  /** `onLate` gets a response that arrives after the timeout was reported. */
  run(name: ScriptName, keys: string[], args: string[], onLate?: (answer: unknown) => void): Promise<unknown> {
    // A client that is not connected would queue the command and run it when it no longer makes sense.
    if (!['ready', 'wait', 'connect', 'connecting'].includes(this.#redis.status)) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      let late = false;
      const giveUp = () => {
        late = true;
        reject(unavailable());
      };
      // In one turn of the event loop timers run before sockets. A response that has arrived is therefore read first;
      // otherwise a busy process would believe that Redis is away.
      const timer = setTimeout(() => setImmediate(giveUp), this.#timeoutMs);
      this.#evaluate(name, keys, args).then(
        (answer) => {
          clearTimeout(timer);
          if (late) onLate?.(answer);
          else resolve(answer);
        },
        (error) => {
          clearTimeout(timer);
          reject(unavailable(error));
        },
      );
    });
  }

  async #evaluate(name: ScriptName, keys: string[], args: string[]): Promise<unknown> {
    const { text, hash } = this.#scripts[name];
    try {
      return await this.#redis.evalsha(hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.#redis.eval(text, keys.length, ...keys, ...args);
    }
  }
}

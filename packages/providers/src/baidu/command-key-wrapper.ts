/**
 * A key wrapper in a long-lived child process that speaks line-delimited JSON on its standard streams (protocol:
 * docs/operate/key-wrapper.md). Queue, time and line length are limited. The output on stderr is counted and never
 * kept.
 */
import { TransientError } from '@cardseal/base/errors';
import type { KeyWrapper } from './key-wrapper.ts';
import { type ChildEvent, type LineChild, startLineChild } from './line-child.ts';

export type KeyWrapperEvent = ChildEvent | { kind: 'restart_in'; delayMs: number } | { kind: 'stray_line' };

export interface CommandKeyWrapperOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** The child's whole environment; default: the parent's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Concurrent requests to the child. */
  readonly maxInFlight?: number;
  /** Requests that may wait for the child; one more fails with `key_wrapper_busy`. */
  readonly maxQueue?: number;
  /** For one request, waiting included. */
  readonly deadlineMs?: number;
  /** First pause before a dead child is started again; doubles up to a hundredfold. */
  readonly restartMs?: number;
  /** Between SIGTERM and SIGKILL at stop. */
  readonly stopGraceMs?: number;
  readonly onEvent?: (event: KeyWrapperEvent) => void;
}

const DEFAULTS = {
  args: [],
  maxInFlight: 8,
  maxQueue: 256,
  deadlineMs: 5_000,
  restartMs: 100,
  stopGraceMs: 2_000,
  onEvent: () => {},
};

interface Request {
  readonly id: number;
  readonly key: Buffer;
  readonly sinceMs: number;
  /** The number of children that got this request: a request that kills its child must not kill every child. */
  tries: number;
  settle(result: { wrapped: string } | { error: unknown }): void;
}

const MAX_TRIES = 2;
const MAX_WRAPPED_CHARS = 8_192;

export function commandKeyWrapper(options: CommandKeyWrapperOptions): KeyWrapper {
  const wrapper = new CommandKeyWrapper(options);
  return { wrap: (key, signal) => wrapper.wrap(key, signal), stop: () => wrapper.stop() };
}

class CommandKeyWrapper {
  readonly #options: Required<Omit<CommandKeyWrapperOptions, 'env'>> & Pick<CommandKeyWrapperOptions, 'env'>;
  readonly #queue: Request[] = [];
  readonly #inFlight = new Map<number, Request>();
  #child: LineChild | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #deaths = 0;
  #nextId = 1;
  #lastAnswerMs = 0;
  #stopped = false;

  constructor(options: CommandKeyWrapperOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  wrap(key: Buffer, signal?: AbortSignal): Promise<string> {
    if (this.#stopped) return Promise.reject(stoppedError());
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#queue.length >= this.#options.maxQueue) return Promise.reject(new TransientError('key_wrapper_busy'));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const deadline = setTimeout(() => this.#timeOut(request), this.#options.deadlineMs);
      const abort = () => request.settle({ error: signal?.reason });
      const request: Request = {
        id,
        key,
        sinceMs: performance.now(),
        tries: 0,
        settle: (result) => {
          clearTimeout(deadline);
          signal?.removeEventListener('abort', abort);
          this.#forget(request);
          if ('wrapped' in result) resolve(result.wrapped);
          else reject(result.error);
          this.#feed();
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(request);
      this.#feed();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restartTimer);
    for (const request of [...this.#queue, ...this.#inFlight.values()]) request.settle({ error: stoppedError() });
    await this.#child?.stop();
  }

  #feed(): void {
    if (this.#stopped || this.#queue.length === 0) return;
    if (!this.#child && !this.#restartTimer) this.#start();
    while (this.#child && this.#queue.length > 0 && this.#inFlight.size < this.#options.maxInFlight) {
      const request = this.#queue.shift()!;
      request.tries++;
      this.#inFlight.set(request.id, request);
      // The text form of the key cannot be zeroed. It is dropped with the request, and the key with the call.
      this.#child.send(`{"id":${request.id},"key":"${request.key.toString('base64')}"}\n`);
    }
  }

  #start(): void {
    const { command, args, env, stopGraceMs: graceMs, onEvent } = this.#options;
    const child = startLineChild({ command, args, graceMs, ...(env ? { env } : {}) }, (event) => {
      if (event.kind === 'line') return this.#answer(event.line);
      onEvent(event);
      if (event.kind === 'exited') this.#died();
    });
    this.#child = child;
  }

  #answer(line: string): void {
    const answer = parseAnswer(line);
    const request = answer && this.#inFlight.get(answer.id);
    // A response after its deadline has no receiver. A line that is not a response may be debug output of a tool.
    if (!request) {
      this.#options.onEvent({ kind: 'stray_line' });
      return;
    }
    this.#lastAnswerMs = performance.now();
    this.#deaths = 0;
    request.settle(answer.result);
  }

  #died(): void {
    this.#child = undefined;
    if (this.#stopped) return;
    const orphans = [...this.#inFlight.values()];
    this.#inFlight.clear();
    const { restartMs, onEvent } = this.#options;
    const delayMs = Math.min(restartMs * 2 ** this.#deaths++, restartMs * 100);
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = undefined;
      this.#start();
      this.#feed();
    }, delayMs);
    this.#queue.unshift(...orphans.filter((request) => request.tries < MAX_TRIES));
    for (const request of orphans) {
      if (request.tries >= MAX_TRIES) request.settle({ error: new TransientError('key_wrapper_died') });
    }
    onEvent({ kind: 'restart_in', delayMs });
  }

  #timeOut(request: Request): void {
    const wasInFlight = this.#inFlight.has(request.id);
    request.settle({ error: new TransientError('key_wrapper_timeout') });
    // A child that responded to nothing for a whole deadline hangs.
    if (wasInFlight && this.#lastAnswerMs < request.sinceMs) this.#child?.kill();
  }

  #forget(request: Request): void {
    this.#inFlight.delete(request.id);
    const at = this.#queue.indexOf(request);
    if (at >= 0) this.#queue.splice(at, 1);
  }
}

const stoppedError = () => new TransientError('key_wrapper_stopped');

function parseAnswer(line: string): { id: number; result: { wrapped: string } | { error: unknown } } | undefined {
  let answer: { id?: unknown; enc_aes_key?: unknown; error?: unknown } | null;
  try {
    answer = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || typeof answer.id !== 'number') return undefined;
  const wrapped = answer.enc_aes_key;
  if (typeof wrapped === 'string' && wrapped !== '' && wrapped.length <= MAX_WRAPPED_CHARS) {
    return { id: answer.id, result: { wrapped } };
  }
  if (typeof answer.error === 'string') {
    // Only text in the form of a code may go into an error that is logged.
    const wrapperCode = /^[A-Za-z0-9_.-]{1,64}$/.test(answer.error) ? answer.error : 'other';
    return { id: answer.id, result: { error: new TransientError('key_wrapper_refused', { fields: { wrapperCode } }) } };
  }
  return { id: answer.id, result: { error: new TransientError('key_wrapper_answer_invalid') } };
}

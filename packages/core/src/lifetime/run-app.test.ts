import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stopOnSignals } from './run-app.ts';

describe('the signals of an app', () => {
  function run() {
    const signals = new EventEmitter();
    const calls: AbortSignal[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    let exits = 0;
    const stop = (hurry?: AbortSignal) => {
      calls.push(hurry!);
      return promise;
    };
    stopOnSignals(signals, { stop }, () => void exits++);
    return { signals, calls, finish: resolve, exits: () => exits };
  }

  it('stop the app once, and the process exits when the app has stopped', async () => {
    const { signals, calls, finish, exits } = run();
    signals.emit('SIGTERM');
    signals.emit('SIGINT');
    expect(calls).toHaveLength(1);
    expect([calls[0]!.aborted, exits()]).toEqual([false, 0]);
    finish();
    await expect.poll(exits).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT'])('%s makes the app hurry when it arrives a second time', (name) => {
    const { signals, calls } = run();
    signals.emit(name);
    signals.emit(name);
    expect(calls).toHaveLength(1);
    expect(calls[0]!.aborted).toBe(true);
  });

  it('include the end of the parent process, which stops the app in order', () => {
    const { signals, calls } = run();
    signals.emit('disconnect');
    signals.emit('SIGTERM');
    expect(calls).toHaveLength(1);
    expect(calls[0]!.aborted).toBe(false);
  });
});

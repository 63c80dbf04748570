/**
 * Measures the scheduling delay of the machine: how late a process wakes that does nothing but sleep. Lateness of calls
 * above this value is caused by the pacer; no pacer can be below it.
 */
import { at, round } from './measure.ts';

const SLEEP_MS = 10;

/** Starts the measurement. The returned function ends it and returns milliseconds at 50 %, 99 % and 99.9 %. */
export function watchMachine(): () => [number, number, number] {
  const late: number[] = [];
  let dueMs = performance.now() + SLEEP_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    late.push(Math.max(0, nowMs - dueMs));
    dueMs = nowMs + SLEEP_MS;
  }, SLEEP_MS);
  return () => {
    clearInterval(timer);
    late.sort((a, b) => a - b);
    return [round(at(late, 0.5), 2), round(at(late, 0.99), 2), round(at(late, 0.999), 2)];
  };
}

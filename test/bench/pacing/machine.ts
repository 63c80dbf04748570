/**
 * How still the machine itself is: a process that does nothing but sleep wakes late by this much. What the pacer's calls
 * are late beyond it is ours; below it no pacer can go.
 */
import { at, round } from './measure.ts';

const SLEEP_MS = 10;

/** Starts to watch; the function that comes back ends it and gives milliseconds at 50 %, 99 % and 99.9 %. */
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

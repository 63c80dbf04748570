/**
 * Preloaded into processes of a test stack: removes the guard named by `WITHOUT_GUARD` from the source while Node loads
 * it. When the source does not contain the guard, the process ends, so no run passes with the guard still in place. For
 * tests only.
 */
import { registerHooks } from 'node:module';

/** By name: file, source of the guard, and source without it. */
export const GUARDS = {
  'event-loop monitor': [
    [
      '/apps/worker/src/supervision/watchdog/supervision.ts',
      'startEventLoopMonitor(config.STUCK_AFTER_MS)',
      'startEventLoopMonitor(2 ** 30)',
    ],
  ],
  watchdog: [['/apps/worker/src/supervision/watchdog/supervision.ts', 'watchdog.start();', '']],
  'time-outs to Redis': [
    ['/packages/core/src/queue/connection.ts', 'socketTimeout: 5000,', ''],
    ['/packages/core/src/queue/connection.ts', 'socketTimeout: SILENCE_MS,', ''],
  ],
  'time-outs to the store': [
    ['/packages/object-store/src/s3-object-store.ts', 'throwOnRequestTimeout: true,', ''],
    ['/packages/object-store/src/s3-object-store.ts', 'socketTimeout: requestTimeout,', ''],
  ],
  'dialling the checked address': [
    ['/packages/webhook/src/ssrf-guard.ts', '{ ...where, hostname: address }', '{ ...where }'],
  ],
  'circuit breaker': [['/packages/pacer/src/rules.ts', 'outageCalls: options.outageCalls ?? 5,', 'outageCalls: 1e9,']],
  'quorum clock': [['/packages/base/src/clock/quorum-clock.ts', 'base.now() + offsetMs,', 'base.now(),']],
};

const wanted = process.env.WITHOUT_GUARD;
if (wanted && !GUARDS[wanted]) throw new Error(`unknown guard: ${wanted}`);
const removals = wanted ? GUARDS[wanted] : [];
if (removals.length > 0) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      let source = loaded.source;
      for (const [file, guard, without] of removals) {
        if (!url.endsWith(file)) continue;
        source = String(source);
        if (source.split(guard).length !== 2) throw new Error(`${file} has no such guard: ${guard}`);
        source = source.replace(guard, without);
      }
      return { ...loaded, source };
    },
  });
}

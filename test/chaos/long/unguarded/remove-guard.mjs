/**
 * Loaded before a program of the stack, it takes one guard out of our source as it is loaded: `WITHOUT_GUARD` names it. A
 * test's alone. A guard that is not where it was ends the process, so that no run passes for one without it.
 */
import { registerHooks } from 'node:module';

const GUARDS = {
  pulse: [
    [
      '/apps/worker/src/supervision/watchdog/supervision.ts',
      'startPulse(config.STUCK_AFTER_MS)',
      'startPulse(2 ** 30)',
    ],
  ],
  keeper: [['/apps/worker/src/supervision/watchdog/supervision.ts', 'keeper.start();', '']],
  'time-outs to Redis': [
    ['/packages/core/src/queue/connection.ts', 'socketTimeout: 5000,', ''],
    ['/packages/core/src/queue/connection.ts', 'socketTimeout: SILENCE_MS,', ''],
  ],
  'time-outs to the store': [
    ['/packages/object-store/src/s3-object-store.ts', 'throwOnRequestTimeout: true,', ''],
    ['/packages/object-store/src/s3-object-store.ts', 'socketTimeout: requestTimeout,', ''],
  ],
  'dialling what was judged': [
    ['/packages/webhook/src/ssrf-guard.ts', '{ ...where, hostname: address }', '{ ...where }'],
  ],
  'circuit breaker': [['/packages/pacer/src/rules.ts', 'outageCalls: options.outageCalls ?? 5,', 'outageCalls: 1e9,']],
  'agreed clock': [['/packages/base/src/clock/quorum-clock.ts', 'base.now() + offsetMs,', 'base.now(),']],
};

const removals = GUARDS[process.env.WITHOUT_GUARD ?? ''] ?? [];
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

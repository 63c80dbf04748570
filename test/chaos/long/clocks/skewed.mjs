/**
 * Loaded before a program of the stack, it sets the clock of that one process wrong, for all that is in it:
 * `CLOCK_SKEWS_MS` holds JSON by the name of a worker, or of an app's folder. A test's alone.
 */
const skews = JSON.parse(process.env.CLOCK_SKEWS_MS ?? '{}');
const app = /\/apps\/([a-z]+)\//.exec(process.argv[1] ?? '')?.[1];
const skewMs = skews[process.env.WORKER_NAME ?? ''] ?? skews[app ?? ''] ?? 0;

if (skewMs !== 0) {
  const TrueDate = Date;
  globalThis.Date = class SkewedDate extends TrueDate {
    constructor(...given) {
      super(...(given.length === 0 ? [TrueDate.now() + skewMs] : given));
    }
    static now() {
      return TrueDate.now() + skewMs;
    }
  };
}

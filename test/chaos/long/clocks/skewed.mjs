/**
 * Preloaded into processes of a test stack: shifts the clock of one process. `CLOCK_SKEWS_MS` is JSON with shifts by
 * worker name or by app folder. For tests only.
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

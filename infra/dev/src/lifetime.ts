/**
 * Turns the signals of a terminal, a service manager and npm into one stop. Ctrl-C reaches us twice, from the
 * terminal and through npm: what follows the first within a second is the same wish, what comes later is impatience.
 */
const SAME_WISH_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at the first signal. `onImpatience` is called at each one that comes more than a second later. */
export function untilStopSignal(onImpatience: () => void = () => {}): Promise<(typeof SIGNALS)[number]> {
  // A closed terminal or pipe must not turn the next line of output into a crash.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        firstAtMs ??= performance.now();
        if (performance.now() - firstAtMs > SAME_WISH_MS) onImpatience();
        resolve(signal);
      });
    }
  });
}

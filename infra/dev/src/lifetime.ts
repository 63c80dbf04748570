/**
 * Turns the signals of a terminal, a service manager and npm into one stop. One Ctrl-C arrives twice: from the terminal
 * and through npm. So a signal within a second of the first is the same stop; a later one asks for an immediate end.
 */
const SAME_STOP_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at the first signal. Calls `onRepeat` at each signal that arrives more than a second later. */
export function untilStopSignal(onRepeat: () => void = () => {}): Promise<(typeof SIGNALS)[number]> {
  // After a closed terminal or pipe the next line of output must not crash the process.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        firstAtMs ??= performance.now();
        if (performance.now() - firstAtMs > SAME_STOP_MS) onRepeat();
        resolve(signal);
      });
    }
  });
}

/** Runs an app as a process: starts it, notifies the parent when it serves, stops it once on a signal or without a parent. */
import { ConfigurationError } from '../config/index.ts';
import { flushLog } from '../log/index.ts';

export interface RunnableApp {
  /** Resolves when the app accepts work, with its port if it has one. */
  start(): Promise<{ port: number } | undefined>;
  /** Idempotent and bounded. @param hurry aborts when the app must not wait for work in progress any longer. */
  stop(hurry?: AbortSignal): Promise<void>;
}

/** The source of signals: `process`, or an emitter of a test. */
export interface Signals {
  on(name: NodeJS.Signals | 'disconnect', listener: () => void): unknown;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * @param build may throw ConfigurationError, whose text is shown unchanged.
 * @param explain returns a sentence for errors that it knows. Any other error is shown with its stack.
 */
export async function runApp(
  name: string,
  build: () => RunnableApp,
  explain: (error: unknown) => string | undefined = () => undefined,
): Promise<void> {
  try {
    const app = build();
    stopOnSignals(process, app, () => process.exit(0));
    const started = await app.start();
    process.send?.({ type: 'ready', ...started });
  } catch (error) {
    const known = error instanceof ConfigurationError ? error.message : explain(error);
    tellOperator(`${name}: ${known ?? (error instanceof Error ? error.stack : error)}
`);
    process.exit(1);
  }
}

/** Writes to stderr, which may be closed or on a full disk. */
function tellOperator(text: string): void {
  try {
    process.stderr.on('error', () => {});
    process.stderr.write(text);
  } catch {
    // The exit code says that the start failed.
  }
}

/**
 * The first signal stops the app. The same signal again makes it hurry; a different one does not, because Ctrl-C and
 * the parent's SIGTERM are one request. `disconnect` means that the parent, the launcher, has ended: the app must not
 * outlive it.
 */
export function stopOnSignals(signals: Signals, app: Pick<RunnableApp, 'stop'>, exit: () => void): void {
  const hurry = new AbortController();
  let stopping = false;
  function stop(): void {
    if (stopping) return;
    stopping = true;
    void app
      .stop(hurry.signal)
      .then(() => flushLog())
      .then(exit);
  }
  for (const name of SIGNALS) {
    let seen = false;
    signals.on(name, () => {
      if (seen) hurry.abort();
      seen = true;
      stop();
    });
  }
  signals.on('disconnect', stop);
}

/** Runs an app as a process: starts it, tells a parent when it answers, and stops it once, however the end is asked for. */
import { ConfigurationError } from '../config/index.ts';

export interface RunnableApp {
  /** Resolves when it answers, with its port if it has one. */
  start(): Promise<{ port: number } | undefined>;
  /** Idempotent and bounded. */
  stop(): Promise<void>;
}

/** `disconnect` is the parent's death: a child of the launcher must not outlive it. */
const ENDINGS = ['SIGTERM', 'SIGINT', 'disconnect'] as const;

/** @param build throws ConfigurationError, which is shown as it is; anything else is shown by its stack. */
export async function runApp(name: string, build: () => RunnableApp): Promise<void> {
  try {
    const app = build();
    for (const ending of ENDINGS) process.once(ending, () => void app.stop().then(() => process.exit(0)));
    const started = await app.start();
    process.send?.({ type: 'ready', ...started });
  } catch (error) {
    const text = error instanceof ConfigurationError ? error.message : error instanceof Error ? error.stack : error;
    process.stderr.write(`${name}: ${text}\n`);
    process.exit(1);
  }
}

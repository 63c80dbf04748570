/** `npm start`: runs the stack on embedded defaults until Ctrl-C or SIGTERM, then stops all of it. */
import { describeStack } from './dev-info.ts';
import { untilStopSignal } from './lifetime.ts';
import { type Stack, startStack } from './stack.ts';
import { readStackOptions, type StackOptions } from './stack-options.ts';

export function main(): Promise<number> {
  return runUntilStopped(readStackOptions(process.env));
}

/** `onReady` may return a function that runs before the stop. Returns 0 after a clean stop, also of a cancelled start. */
export async function runUntilStopped(options: StackOptions, onReady?: (stack: Stack) => () => void): Promise<number> {
  const giveUp = new AbortController();
  let hasten = () => {};
  const signalled = untilStopSignal(() => hasten());
  signalled.then(() => giveUp.abort());
  const startedAt = performance.now();
  try {
    const stack = await startStack({ ...options, log: (line) => console.log(line), signal: giveUp.signal });
    hasten = stack.hasten;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`everything responds after ${seconds} s`);
    console.log(`cardseal is ready\n${describeStack(stack.info, options.dataDir)}`);
    console.log('  next             npm run cardseal -- --help; Ctrl-C stops everything');
    const beforeStop = onReady?.(stack);
    console.log(`${await signalled}: stopping`);
    beforeStop?.();
    await stack.stop();
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
  }
  console.log('stopped');
  return 0;
}

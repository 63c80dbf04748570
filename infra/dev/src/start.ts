/** `npm start`: the stack on embedded defaults until Ctrl-C or SIGTERM; then all of it is gone. */
import { describeStack } from './dev-info.ts';
import { untilStopSignal } from './lifetime.ts';
import { startStack } from './stack.ts';
import { readStackOptions, type StackOptions } from './stack-options.ts';

export function main(): Promise<number> {
  return runUntilStopped(readStackOptions(process.env));
}

/** Returns 0 after a clean stop, also of a start that was given up. */
export async function runUntilStopped(options: StackOptions): Promise<number> {
  const giveUp = new AbortController();
  let hasten = () => {};
  const signalled = untilStopSignal(() => hasten());
  signalled.then(() => giveUp.abort());
  try {
    const stack = await startStack({ ...options, log: (line) => console.log(line), signal: giveUp.signal });
    hasten = stack.hasten;
    console.log(`cardseal is ready\n${describeStack(stack.info, options.dataDir)}\n  Ctrl-C stops all of it`);
    console.log(`${await signalled}: stopping`);
    await stack.stop();
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
  }
  console.log('stopped');
  return 0;
}

/** `npm run dev`: the same as `npm start`, and restarts the affected processes when a source file changes. */
import { createSourceWatcher } from './source-watcher.ts';
import type { Stack } from './stack.ts';
import { REPOSITORY, readStackOptions } from './stack-options.ts';
import { workerName } from './stack-plan.ts';
import { runUntilStopped } from './start.ts';

export function main(): Promise<number> {
  const options = readStackOptions(process.env);
  const workers = Array.from({ length: options.workers ?? 1 }, (_, index) => workerName(index));
  return runUntilStopped(options, (stack) => restartOnChange(stack, workers));
}

function restartOnChange(stack: Stack, workers: readonly string[]): () => void {
  const watcher = createSourceWatcher(REPOSITORY, workers, (children, file) => {
    console.log(`${file} changed: restarting ${children.join(', ')}`);
    for (const child of children) stack.restart(child);
  });
  console.log('  watching         apps, packages and the object store double; a change restarts what uses it');
  return watcher.close;
}

/** Sends a signal to the process that currently runs under a name of the stack. */
import type { Harness } from '../harness/index.ts';

export function signal(harness: Harness, child: string, name: NodeJS.Signals): void {
  try {
    process.kill(harness.app.stack.child(child).pid, name);
  } catch {
    // Another fault has just ended the process.
  }
}

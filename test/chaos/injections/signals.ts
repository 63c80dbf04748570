/** Signals to the processes of a stack, whichever runs under that name now. */
import type { Night } from '../harness/index.ts';

export function signal(night: Night, child: string, name: NodeJS.Signals): void {
  try {
    process.kill(night.app.stack.child(child).pid, name);
  } catch {
    // Another fault has just ended the process.
  }
}

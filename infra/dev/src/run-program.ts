/**
 * Runs one program in the foreground as if it had been started alone: it has our terminal, gets our signals, and dies
 * with us, with all that it started. For programs that end by themselves; the stack's children are the supervisor's.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createOrphanReaper } from './orphan-reaper.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns its exit code, or 128 + the signal's number as a shell does. Throws when it cannot be started. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<NodeJS.ProcessEnv> } = {},
): Promise<number> {
  const reaper = createOrphanReaper();
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...(options.env ?? process.env), ...reaper.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (child.pid) reaper.track(child.pid);
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
      child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
    });
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
    await reaper.stop();
  }
}

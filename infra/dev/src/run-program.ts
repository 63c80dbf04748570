/**
 * Runs one program in the foreground: it uses this process's terminal and receives its signals. If this process dies, the
 * program and everything it started die too. For programs that end by themselves; the supervisor runs the stack.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createOrphanReaper } from './orphan-reaper.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns the exit code, or 128 + the signal's number as a shell does. Throws if the program cannot be started. */
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

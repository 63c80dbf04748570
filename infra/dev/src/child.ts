/**
 * One child process of the launcher. It runs in its own process group, the orphan reaper tracks it, and its output is
 * appended to a log file. This file never restarts a child; the supervisor does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { OrphanReaper } from './orphan-reaper.ts';

export interface ChildSpec {
  /** Also the name of its log file. */
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<NodeJS.ProcessEnv>;
  /** The variable for its port, and the wanted port (0 for a free one). After a restart it gets the same port. */
  port?: { variable: string; wanted: number };
  /** Replaces the wait for the message `{ type: 'ready', port }`. Resolves when the child responds. */
  awaitReady?: (signal: AbortSignal) => Promise<void>;
  /** Called after the ready message. Resolves when the child responds to requests. */
  check?: (port: number, signal: AbortSignal) => Promise<void>;
  readyTimeoutMs?: number;
}

export interface LaunchedChild {
  readonly name: string;
  readonly pid: number;
  /** 0 for a child without a port. */
  readonly port: number;
  readonly exited: Promise<string>;
  /** Sends SIGTERM, and after `graceMs` SIGKILL to the whole group. Idempotent. Resolves when the child has exited. */
  end(graceMs: number): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const LOG_TAIL_CHARS = 2_000;

/** Starts a child and waits until it is ready. Throws with the tail of its log if it exits or takes too long. */
export async function launchChild(
  spec: ChildSpec,
  options: { logsDir: string; reaper: OrphanReaper; onSpawn?: (child: LaunchedChild) => void },
): Promise<LaunchedChild> {
  const logFile = path.join(options.logsDir, `${spec.name}.log`);
  const started = spawnLogged(spec, logFile, options.reaper);
  const exited = exitOf(started, options.reaper);
  const child = { name: spec.name, pid: started.pid ?? 0, port: spec.port?.wanted ?? 0, exited };
  const end = (graceMs: number) => endProcess(started, exited, graceMs);
  options.onSpawn?.({ ...child, end });
  try {
    const port = await untilReady(spec, started, exited);
    return { ...child, port, end };
  } catch (error) {
    await end(0);
    throw new Error(`${spec.name} did not start: ${(error as Error).message}\n${tailOf(logFile)}`.trimEnd());
  }
}

function spawnLogged(spec: ChildSpec, logFile: string, reaper: OrphanReaper): ChildProcess {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(spec.command, [...spec.args], {
      detached: true,
      env: { ...spec.env, ...reaper.env, ...(spec.port && { [spec.port.variable]: String(spec.port.wanted) }) },
      stdio: ['ignore', log, log, ...(spec.awaitReady ? [] : (['ipc'] as const))],
    });
    if (child.pid) reaper.track(child.pid);
    return child;
  } finally {
    closeSync(log);
  }
}

function exitOf(child: ChildProcess, reaper: OrphanReaper): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      if (child.pid) reaper.untrack(child.pid);
      resolve(signal ?? `exit code ${code}`);
    });
  });
}

async function untilReady(spec: ChildSpec, child: ChildProcess, exited: Promise<string>): Promise<number> {
  const timeoutMs = spec.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const giveUp = new AbortController();
  const late = setTimeout(() => giveUp.abort(new Error(`not ready within ${timeoutMs} ms`)), timeoutMs);
  const failed = new Promise<never>((_, reject) => {
    giveUp.signal.addEventListener('abort', () => reject(giveUp.signal.reason as Error));
    exited.then((how) => giveUp.abort(new Error(how)));
  });
  try {
    return await Promise.race([readyPort(spec, child, giveUp.signal), failed]);
  } finally {
    clearTimeout(late);
    failed.catch(() => {});
    giveUp.abort(new Error('the wait is over'));
  }
}

async function readyPort(spec: ChildSpec, child: ChildProcess, signal: AbortSignal): Promise<number> {
  const wanted = spec.port?.wanted ?? 0;
  if (spec.awaitReady) {
    await spec.awaitReady(signal);
    return wanted;
  }
  const port = (await readyMessage(child)) ?? wanted;
  await spec.check?.(port, signal);
  return port;
}

function readyMessage(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    child.on('message', (message: { type?: unknown; port?: number }) => {
      if (message?.type === 'ready') resolve(message.port);
    });
  });
}

async function endProcess(child: ChildProcess, exited: Promise<string>, graceMs: number): Promise<void> {
  if (child.pid === undefined) return;
  const running = child.exitCode === null && child.signalCode === null;
  // SIGTERM goes to the child alone: it may need its own children to finish current work.
  if (running && graceMs > 0) child.kill('SIGTERM');
  const late = setTimeout(() => killGroup(child.pid as number), graceMs);
  await exited;
  clearTimeout(late);
  killGroup(child.pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has no process any more.
  }
}

function tailOf(logFile: string): string {
  const text = readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARS).trimEnd();
  return text === '' ? `(${logFile} is empty)` : `end of ${logFile}:\n${text}`;
}

/**
 * A child process with line-based input and output: starts it, reads lines of limited length, counts its stderr, kills
 * it. It does not know what the lines mean and never restarts the child.
 */
import { type ChildProcess, spawn } from 'node:child_process';

export type ChildEvent =
  | { kind: 'started'; pid: number }
  /** `failure` is the system's code when the program could not be started, for example `ENOENT`. */
  | { kind: 'exited'; exitCode: number | null; signal: string | null; failure?: string }
  /** The text may contain anything and is dropped. */
  | { kind: 'stderr'; bytes: number }
  | { kind: 'line_too_long' };

export interface LineChild {
  send(line: string): void;
  kill(): void;
  /** Ends the input, then sends SIGTERM, then SIGKILL; resolves when the child is gone. */
  stop(): Promise<void>;
}

export interface LineChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The time that a child gets after SIGTERM. */
  readonly graceMs?: number;
}

const MAX_LINE_CHARS = 65_536;
const DRAIN_MS = 250;

export function startLineChild(
  { command, args, env, graceMs = 2_000 }: LineChildOptions,
  onEvent: (event: ChildEvent | { kind: 'line'; line: string }) => void,
): LineChild {
  // A separate process group, so that a shell around the tool cannot leave it running.
  const child = spawn(command, args, { stdio: 'pipe', detached: true, ...(env ? { env: { ...env } } : {}) });
  let failure: string | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once('close', (exitCode, signal) => {
      onEvent({ kind: 'exited', exitCode, signal, ...(failure ? { failure } : {}) });
      resolve();
    });
  });
  child.once('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? 'spawn_failed';
  });
  child.once('spawn', () => onEvent({ kind: 'started', pid: child.pid! }));
  // A broken pipe is followed by the exit, which counts.
  child.stdin.on('error', () => {});
  child.stderr.on('data', (bytes: Buffer) => onEvent({ kind: 'stderr', bytes: bytes.length }));
  // Output that an orphaned grandchild keeps open must not delay the report of the exit.
  child.once('exit', () => setTimeout(() => [child.stdout, child.stderr].map((s) => s.destroy()), DRAIN_MS).unref());
  const kill = () => killGroup(child, 'SIGKILL');
  readLines(
    child.stdout,
    (line) => onEvent({ kind: 'line', line }),
    () => {
      onEvent({ kind: 'line_too_long' });
      kill();
    },
  );
  return {
    send: (line) => void child.stdin.write(line),
    kill,
    async stop() {
      child.stdin.end();
      killGroup(child, 'SIGTERM');
      const harder = setTimeout(kill, graceMs);
      await gone;
      clearTimeout(harder);
    },
  };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void, onTooLong: () => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') onLine(line);
    if (rest.length <= MAX_LINE_CHARS) return;
    rest = '';
    onTooLong();
  });
}

/**
 * The processes of a rollout: one API and two workers, each of some build. A replacement works as in an orchestrator:
 * the new process becomes ready first, then the old one gets SIGTERM and exits by itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Build } from './build.ts';

type Role = 'api' | 'worker';

interface Member {
  role: Role;
  build: Build;
  /** 0 for a worker. */
  port: number;
  /** The text of its metrics endpoint. */
  metrics(): Promise<string>;
  /** Sends SIGTERM and resolves with the exit code. */
  drain(): Promise<number | null>;
}

export interface Fleet {
  members: Member[];
  start(role: Role, build: Build): Promise<Member>;
  /** Replaces every process by one of this build, one at a time. Returns the exit codes of the replaced processes. */
  rollTo(build: Build): Promise<(number | null)[]>;
  stop(): Promise<void>;
}

export function createFleet(env: Readonly<NodeJS.ProcessEnv>, logsDir: string): Fleet {
  const members: Member[] = [];
  const processes = new Set<ChildProcess>();
  let started = 0;

  async function start(role: Role, build: Build): Promise<Member> {
    const name = `${role}-${build.version}-${++started}`;
    const member = await startMember(role, build, { name, env, logFile: path.join(logsDir, `${name}.log`), processes });
    members.push(member);
    return member;
  }

  return {
    members,
    start,
    async rollTo(build) {
      const codes: (number | null)[] = [];
      for (const old of [...members]) {
        await start(old.role, build);
        members.splice(members.indexOf(old), 1);
        codes.push(await old.drain());
      }
      return codes;
    },
    async stop() {
      for (const child of processes) child.kill('SIGKILL');
      await Promise.all([...processes].map((child) => once(child, 'exit')));
    },
  };
}

interface StartOptions {
  name: string;
  env: Readonly<NodeJS.ProcessEnv>;
  logFile: string;
  /** Contains the child until it exits. */
  processes: Set<ChildProcess>;
}

/** Resolves when the process is ready. @throws Error with the end of its log when it exits before. */
async function startMember(role: Role, build: Build, { name, env, logFile, processes }: StartOptions): Promise<Member> {
  const program = path.join(build.root, `apps/${role}/src/main.ts`);
  const settings = { ...env, API_PORT: '0', METRICS_PORT: '0', WORKER_NAME: name };
  const child = fork(program, [], { env: settings, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  processes.add(child);
  const log = createWriteStream(logFile);
  child.stdout!.pipe(log, { end: false });
  child.stderr!.pipe(log, { end: false });
  const exited = once(child, 'exit').then(([code]) => {
    processes.delete(child);
    return code as number | null;
  });
  const [ready] = await Promise.race([
    once(child, 'message'),
    exited.then(async (code) => {
      throw new Error(`${name} ended with ${code}: ${(await readFile(logFile, 'utf8')).slice(-1000)}`);
    }),
  ]);
  return {
    role,
    build,
    port: (ready as { port?: number }).port ?? 0,
    async metrics() {
      const lines = (await readFile(logFile, 'utf8')).match(/^.*"metrics\.listening".*$/m);
      const { port } = JSON.parse(lines![0]) as { port: number };
      return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    },
    drain() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

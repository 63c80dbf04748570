import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DevInfo, devInfoFile } from '../../../infra/dev/src/dev-info.ts';
import { isAlive, untilGone } from '../../../infra/dev/src/fixture/processes.ts';

const launcher = fileURLToPath(new URL('../../../infra/dev/src/fixture/fake-launcher.ts', import.meta.url));

let dataDir: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'lifetime-test-'));
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await untilGone(pidsOf(readInfo()));
  rmSync(dataDir, { recursive: true, force: true });
});

/** Starts a launcher as a child of the test, or through `command`, and resolves when it says that it is ready. */
async function launch(options: SpawnOptions = {}, command: readonly string[] = [process.execPath, launcher, dataDir]) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  started.push(child);
  const lines: string[] = [];
  // Not 'close': it never comes after a disconnect from this side.
  const exited = Promise.all([once(child, 'exit'), once(child.stdout as Readable, 'close')]).then(([ending]) => ending);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the launcher ended early:\n${lines.join('\n')}`)));
    createInterface({ input: child.stdout as Readable }).on('line', (line) => {
      lines.push(line);
      if (line === 'cardseal is ready') resolve();
    });
  });
  return { child, lines, exited, pids: everythingOf(readInfo()) };
}

function readInfo(): DevInfo | undefined {
  return existsSync(devInfoFile(dataDir)) ? JSON.parse(readFileSync(devInfoFile(dataDir), 'utf8')) : undefined;
}

function pidsOf(info: DevInfo | undefined): number[] {
  return info ? (Object.values(info.pids).flat() as number[]) : [];
}

function guardPid(): number {
  return JSON.parse(readFileSync(path.join(dataDir, 'launcher.lock'), 'utf8')).guard.pid;
}

function everythingOf(info: DevInfo | undefined): number[] {
  return [...pidsOf(info), guardPid()];
}

describe('the life of a launcher', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends cleanly with 0 on %s', async (signal) => {
    const { child, exited, pids } = await launch();
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(pids).toHaveLength(8);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(devInfoFile(dataDir))).toBe(false);
  });

  it('takes the two SIGINTs of a Ctrl-C under npm as one', async () => {
    const { child, exited, pids } = await launch();
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('leaves no process behind when it is killed, not even one that no one named', async () => {
    const { child, pids } = await launch({ env: { ...process.env, FAKE_GRANDCHILD: '1' } });
    const log = readFileSync(path.join(dataDir, 'logs/worker-2.log'), 'utf8');
    const grandchild = Number(/grandchild (\d+)/.exec(log)?.[1]);
    expect(isAlive(grandchild)).toBe(true);
    child.kill('SIGKILL');
    await untilGone([...pids, grandchild]);
    expect(existsSync(devInfoFile(dataDir))).toBe(false);
  });

  it('kills children that ignore SIGTERM when it is killed itself', async () => {
    const { child, pids } = await launch({ env: { ...process.env, FAKE_STUBBORN: '1' } });
    child.kill('SIGKILL');
    await untilGone(pids, 15_000);
  });

  it('leaves no process behind when its guard was killed before it', async () => {
    const { child, pids } = await launch();
    const guard = guardPid();
    process.kill(guard, 'SIGKILL');
    await untilGone([guard]);
    // A restart shows that the launcher has dealt with all earlier events, the guard's end among them.
    process.kill(Number(readInfo()?.pids.api), 'SIGKILL');
    await expect.poll(() => readInfo()?.pids.api, { timeout: 20_000 }).not.toBe(pids[3]);
    const now = pidsOf(readInfo());
    child.kill('SIGKILL');
    await untilGone([...pids, ...now]);
  });

  it('starts again at once in the folder of a killed one, after its guard has cleared up', async () => {
    const first = await launch({ env: { ...process.env, FAKE_STUBBORN: '1' } });
    first.child.kill('SIGKILL');
    const second = await launch();
    expect(second.lines.join('\n')).toContain('waiting until its processes');
    expect(first.pids.filter(isAlive)).toEqual([]);
    expect(pidsOf(readInfo()).every(isAlive)).toBe(true);
  });

  it('ends when the outer Node that started it is gone', async () => {
    const { child, exited, pids } = await launch({ stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    child.disconnect();
    expect(await exited).toEqual([0, null]);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('ends when npm is killed, also with a shell between', async () => {
    const script = `"${process.execPath}" "${launcher}" "${dataDir}"; true`;
    const env = { ...process.env, npm_lifecycle_event: 'start' };
    const { child, pids } = await launch({ env }, ['sh', '-c', script]);
    child.kill('SIGKILL');
    await untilGone(pids);
  });

  it('says nothing of secrets', async () => {
    const { child, exited, lines } = await launch();
    const info = readInfo();
    child.kill('SIGTERM');
    await exited;
    expect(lines.at(-1)).toBe('stopped');
    for (const secret of [info?.s3.secretAccessKey, info?.credentials[0]?.secret_key, info?.admin.password]) {
      expect(lines.join('\n')).not.toContain(secret);
    }
  });
});

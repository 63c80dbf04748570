/** The image, as far as it can be shown without an engine: its steps replayed, and every role run on a read-only tree as an unprivileged user. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Replayed, replayDockerfile } from '../../../infra/image/replay.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const NOBODY = 65_532;
const run = promisify(execFile);

let folder: string;
let image: Replayed;
let app: TestStack;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cardseal-image-'));
  [image, app] = await Promise.all([replayDockerfile(REPOSITORY, folder), startTestStack({ workers: 0 })]);
  const secrets = path.join(folder, 'secrets');
  mkdirSync(secrets);
  for (const variable of ['MASTER_KEY_FILE', 'BAIDU_CREDENTIALS_FILE']) {
    const copy = path.join(secrets, variable);
    copyFileSync(app.stack.env[variable]!, copy);
    chownSync(copy, NOBODY, NOBODY);
  }
  copyFileSync(path.join(app.dataDir, 'emulator-public-key.pem'), path.join(secrets, 'public-key.pem'));
  chownSync(path.join(secrets, 'public-key.pem'), NOBODY, NOBODY);
  chownSync(secrets, NOBODY, NOBODY);
}, 300_000);

afterAll(async () => {
  for (const child of running) child.kill('SIGTERM');
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function settings(change: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_CHANNEL_FD: _, ...env } = app.stack.env as NodeJS.ProcessEnv;
  return {
    ...env,
    ...image.stage.env,
    MASTER_KEY_FILE: '/run/secrets/MASTER_KEY_FILE',
    BAIDU_CREDENTIALS_FILE: '/run/secrets/BAIDU_CREDENTIALS_FILE',
    BAIDU_KEY_WRAPPER: 'rsa:/run/secrets/public-key.pem',
    ...change,
  };
}

const jail = (...command: string[]) => [
  image.root,
  path.join(path.dirname(process.execPath), 'node'),
  path.join(folder, 'secrets'),
  ...image.stage.entrypoint,
  ...command,
];
const script = path.join(REPOSITORY, 'infra/image/jail.sh');

/** Resolves with the first log line of that event. */
async function start(role: string, event: string, change: NodeJS.ProcessEnv): Promise<Record<string, never>> {
  const child = spawn(script, jail(role), { env: settings(change), stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    const line = text.split('\n').find((one) => one.includes(`"event":"${event}"`));
    if (line) {
      child.stdout.resume();
      return JSON.parse(line);
    }
  }
  throw new Error(`${role} ended: ${errors}`);
}

describe('the image', () => {
  it('holds no test, no emulator, no second Node, and keeps the links of workspaces', () => {
    const at = path.join(image.root, 'app');
    const names = readdirSync(path.join(at, 'apps'), { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => name.endsWith('.test.ts'))).toEqual([]);
    expect(readdirSync(path.join(at, 'apps')).sort()).toEqual(['admin', 'api', 'cli', 'worker']);
    expect(readdirSync(path.join(at, 'node_modules')).filter((name) => name.startsWith('node-linux'))).toEqual([]);
    expect(readlinkSync(path.join(at, 'node_modules/@cardseal/core'))).toBe('../../packages/core');
    expect(image.stage.user).toBe(`${NOBODY}:${NOBODY}`);
  });

  it('runs api and worker as an unprivileged user on a read-only tree, and finishes a job', {
    timeout: 180_000,
  }, async () => {
    const [{ port }] = await Promise.all([
      start('api', 'api.started', { API_PORT: '0' }),
      start('worker', 'worker.started', {}),
    ]);
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 3, scenario: 'good', scale: 0.5 }));
    const headers = {
      authorization: `Bearer ${app.stack.info.apiKey}`,
      'content-type': 'image/jpeg',
      prefer: 'wait=30',
    };
    const url = `http://127.0.0.1:${port}/v1/jobs?side=front`;
    const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(specimen!.front!) });
    expect((await app.finished(((await answer.json()) as { id: string }).id)).state).toBe('succeeded');
  });

  it('runs the admin and the command line', { timeout: 120_000 }, async () => {
    const { port } = await start('admin', 'admin.started', { ADMIN_PORT: '0' });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    const { stdout } = await run(script, jail('cardseal', 'keys', 'status', '--json'), { env: settings() });
    expect(JSON.parse(stdout)).toMatchObject({ trouble: null });
  });

  it('stops in order after a signal', async () => {
    const api = running[0]!;
    api.kill('SIGTERM');
    expect(await once(api, 'exit')).toEqual([0, null]);
  });

  it('cannot write anywhere', async () => {
    const write = ['node', '-e', 'require("fs").writeFileSync(process.argv[1], "x")'];
    for (const place of ['/app/x', '/x', '/etc/x', '/app/node_modules/x']) {
      const command = [...jail().slice(0, 3), ...write, place];
      await expect(run(script, command)).rejects.toThrow(/EROFS|EACCES/);
    }
  });

  it('refuses a role that it does not have', async () => {
    await expect(run(script, jail('toast'))).rejects.toMatchObject({ code: 2 });
  });
});

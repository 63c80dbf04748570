import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DevInfo, devInfoFile } from '../../../infra/dev/src/dev-info.ts';
import { isAlive, untilGone } from '../../../infra/dev/src/fixture/processes.ts';
import { type Stack, startStack } from '../../../infra/dev/src/stack.ts';
import type { StackOptions } from '../../../infra/dev/src/stack-options.ts';

const fake = fileURLToPath(new URL('../../../infra/dev/src/fixture/fake-app.ts', import.meta.url));
const programs = { s3: fake, emulator: fake, api: fake, worker: fake, admin: fake };
const provisioned = { tenant: 'dev', apiKey: 'key', admin: { user: 'admin', password: 'a password' } };
const provision = async () => provisioned;

let dataDir: string;
let stack: Stack | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'stack-test-'));
});

afterEach(async () => {
  await stack?.stop();
  stack = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  stack = await startStack({ dataDir, programs, provision, workers: 2, ...options });
  return stack;
}

function readDevInfo(): DevInfo {
  return JSON.parse(readFileSync(devInfoFile(dataDir), 'utf8'));
}

function allPids({ pids }: DevInfo): number[] {
  return [pids.redis, pids.s3, pids.emulator, pids.api, pids.admin, ...pids.workers].map(Number);
}

describe('startStack', () => {
  it('writes dev.json with everything the contract names, for its owner only', async () => {
    const { info } = await start({ baiduQps: 7 });
    expect(readDevInfo()).toEqual(info);
    expect(statSync(devInfoFile(dataDir)).mode & 0o777).toBe(0o600);
    expect(Object.keys(info).sort()).toEqual(
      [
        'admin',
        'adminUrl',
        'apiKey',
        'apiUrl',
        'credentials',
        'emulatorUrl',
        'pids',
        'redisUrl',
        's3',
        'tenant',
      ].sort(),
    );
    expect(info.credentials).toMatchObject([{ id: 'dev', provider: 'baidu-idcard-enc', qps: 7 }]);
    expect(allPids(info)).toHaveLength(7);
    expect(allPids(info).every(isAlive)).toBe(true);
  });

  it('gives the apps the addresses of the other parts', async () => {
    const { info } = await start({ env: { ...process.env, S3_KEYS_BUCKET: 'elsewhere', WEBHOOK_ALLOW_TARGETS: '' } });
    const env = (await (await fetch(`${info.apiUrl}/env`)).json()) as Record<string, string>;
    expect(env).toMatchObject({
      REDIS_URL: info.redisUrl,
      S3_ENDPOINT: info.s3.endpoint,
      S3_BUCKET: info.s3.bucket,
      S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: info.s3.accessKeyId,
      BAIDU_BASE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      WEBHOOK_ALLOW_TARGETS: '',
      CARDSEAL_ENV: 'dev',
    });
    // The emulator's fault `refuse` closes the provider's port; the control must stay reachable.
    expect(env.BAIDU_BASE_URL).not.toBe(info.emulatorUrl);
    expect(env.S3_KEYS_BUCKET).toBeUndefined();
    expect(readFileSync(env.BAIDU_KEY_WRAPPER?.replace('rsa:', '') ?? '', 'utf8')).toContain('BEGIN PUBLIC KEY');
    expect(readFileSync(env.MASTER_KEY_FILE ?? '').length).toBe(32);
  });

  it('starts a crashed app again on its port and names the new pid in dev.json', async () => {
    const running = await start();
    const before = structuredClone(running.info);
    const restarted = running.nextRestart();
    await fetch(`${before.apiUrl}/crash`).catch(() => {});
    await restarted;
    const after = readDevInfo();
    expect(after.apiUrl).toBe(before.apiUrl);
    expect(after.pids.api).not.toBe(before.pids.api);
    expect((await fetch(`${after.apiUrl}/healthz`)).status).toBe(200);
    expect({ ...after.pids, api: 0 }).toEqual({ ...before.pids, api: 0 });
  });

  it('starts a killed Redis again on its port', async () => {
    const running = await start();
    const restarted = running.nextRestart();
    process.kill(Number(running.info.pids.redis), 'SIGKILL');
    expect((await restarted).name).toBe('redis');
    expect(readDevInfo().redisUrl).toBe(running.info.redisUrl);
    expect(isAlive(Number(readDevInfo().pids.redis))).toBe(true);
  });

  it('leaves no process and no dev.json behind, whatever the children started', async () => {
    const running = await start({ env: { ...process.env, FAKE_GRANDCHILD: '1' } });
    const log = readFileSync(path.join(dataDir, 'logs/api.log'), 'utf8');
    const grandchild = Number(/grandchild (\d+)/.exec(log)?.[1]);
    expect(isAlive(grandchild)).toBe(true);
    const pids = allPids(running.info);
    await Promise.all([running.stop(), running.stop()]);
    expect([...pids, grandchild].filter(isAlive)).toEqual([]);
    expect(() => readDevInfo()).toThrow('ENOENT');
  });

  it('kills what does not stop within the grace', async () => {
    const running = await start({ env: { ...process.env, FAKE_STUBBORN: '1' }, graceMs: 50 });
    await running.stop();
    await untilGone(allPids(running.info), 1);
  });

  it('says why an app did not start, with the end of its log, and leaves nothing running', async () => {
    await expect(start({ env: { ...process.env, FAKE_REFUSES: '1' } })).rejects.toThrow(
      /(s3|emulator) did not start: exit code 3[\s\S]*a setting is missing/,
    );
    await expect(start()).resolves.toBeDefined();
  });

  it('refuses a folder that another launcher uses, naming its process', async () => {
    await start();
    const second = startStack({ dataDir, programs, provision });
    await expect(second).rejects.toThrow(`in use by process ${process.pid}`);
  });

  it('names a busy port and its variable', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await expect(start({ ports: { admin: port } })).rejects.toThrow(`port ${port} (ADMIN_PORT)`);
    server.close();
  });

  it('cancels a start when its signal aborts', async () => {
    const giveUp = new AbortController();
    const neverDone = () => {
      giveUp.abort();
      return new Promise<never>(() => {});
    };
    await expect(start({ signal: giveUp.signal, provision: neverDone })).rejects.toThrow('cancelled');
    expect(() => readDevInfo()).toThrow('ENOENT');
    await expect(start()).resolves.toBeDefined();
  });

  it('keeps secrets from one start to the next', async () => {
    const first = structuredClone((await start()).info);
    await stack?.stop();
    const second = (await start({ baiduQps: 3 })).info;
    expect(second.s3).toMatchObject({ secretAccessKey: first.s3.secretAccessKey });
    expect(second.credentials).toEqual(first.credentials.map((credential) => ({ ...credential, qps: 3 })));
  });
});

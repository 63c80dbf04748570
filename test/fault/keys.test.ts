/** Keys rotate and their service goes away, under load and with workers killed: nothing accepted is lost, nothing is called twice. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KmsDouble, startKmsDouble } from '../../infra/dev/kms/index.ts';
import { ensureSecrets } from '../../infra/dev/src/secrets.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stamped } from '../support/stamp.ts';

const run = promisify(execFile);
const CLI = path.resolve(import.meta.dirname, '../../apps/cli/src/main.ts');
const REGION = 'us-east-1';

let app: TestStack;
let kms: KmsDouble;
let card: Buffer;
let made = 0;

beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-keys-'));
  const { storeKeys } = ensureSecrets(dataDir, 200);
  const kmsDir = path.join(dataDir, 'kms');
  await mkdir(kmsDir);
  const aliases = ['alias/first', 'alias/second'];
  kms = await startKmsDouble({ dataDir: kmsDir, port: 0, region: REGION, aliases, credentials: [storeKeys] });
  app = await startTestStack({
    dataDir,
    workers: 2,
    baiduQps: 200,
    apps: { KMS_KEY_ID: 'alias/first', KMS_ENDPOINT: kms.url, S3_KEYS_BUCKET: 'cardseal-keys' },
  });
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 77, scenario: 'good', scale: 0.5 }));
  card = specimen!.front!;
}, 120_000);

afterAll(async () => {
  await app?.stop();
  await kms?.stop();
});

const cardseal = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
  const { stdout } = await run(process.execPath, [CLI, ...args], { env: { ...app.stack.env, ...env } });
  return JSON.parse(stdout);
};

async function submit(count: number): Promise<string[]> {
  const pictures = Array.from({ length: count }, () => stamped(card, made++));
  const jobs = await Promise.all(pictures.map((front) => app.submit({ front })));
  return jobs.map(({ id }) => id);
}

async function allSucceed(jobs: readonly string[]): Promise<void> {
  const states = await Promise.all(jobs.map(async (job) => (await app.finished(job)).state));
  expect(new Set(states)).toEqual(new Set(['succeeded']));
}

/** Submits for as long as the work takes. */
async function underLoad<T>(work: () => Promise<T>): Promise<{ result: T; jobs: string[] }> {
  const jobs: string[] = [];
  let over = false;
  const load = (async () => {
    while (!over) jobs.push(...(await submit(3)));
  })();
  try {
    return { result: await work(), jobs };
  } finally {
    over = true;
    await load;
  }
}

describe('keys', () => {
  it('the master rotates under load; the old one may go when nothing is wrapped with it', async () => {
    const before = await submit(10);
    const second = { KMS_KEY_ID: 'alias/second' };
    const { jobs } = await underLoad(async () => {
      const rotated = await cardseal(['keys', 'rotate', 'master', '--json'], second);
      expect(Object.keys(rotated.wrapped_by)).toEqual([rotated.master]);
    });
    kms.set({ disabled: { key_id: 'alias/first', value: true } });
    const worker = app.stack.child('worker-1').pid;
    const back = app.stack.nextRestart();
    process.kill(worker, 'SIGKILL');
    await back;
    await allSucceed([...before, ...jobs]);
    kms.set({ disabled: { key_id: 'alias/first', value: false } });
    expect(await cardseal(['keys', 'rotate', 'master', '--json'])).toMatchObject({ looked: 2, rewrapped: 2 });
  });

  it("a tenant's key rotates under load, cut off half-way and run again; old jobs open, new ones are sealed anew", async () => {
    const before = await submit(20);
    await allSucceed(before);
    const { tenant } = app.stack.info;
    const { jobs } = await underLoad(async () => {
      const child = execFile(process.execPath, [CLI, 'keys', 'rotate', 'tenant', tenant], { env: app.stack.env });
      await once(child.stderr!, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      await cardseal(['keys', 'rotate', 'tenant', tenant, '--resume', '--json']);
    });
    await allSucceed([...before, ...jobs]);
    expect(await cardseal(['keys', 'rotate', 'tenant', tenant, '--resume', '--json'])).toMatchObject({ tenant });
    const again = await cardseal(['keys', 'rotate', 'tenant', tenant, '--resume', '--json']);
    expect(again.rewrapped).toBe(0);
    for (const job of before) expect((await app.call('GET', `/v1/jobs/${job}`)).body.result.card.name).toBeTruthy();
  });

  it('the key service goes away: what is cached serves on, then the API says so, and accepted work waits', async () => {
    await app.control('PUT', { limits: { qps: 0.001 } });
    const { duplicates_by_image: before } = await app.stats();
    kms.set({ trouble: 'away' });
    const cached = await submit(5);
    for (const name of ['api', 'worker-1', 'worker-2']) {
      const back = app.stack.nextRestart();
      process.kill(app.stack.child(name).pid, 'SIGKILL');
      await back;
    }
    await app.control('PUT', { limits: { qps: 200 } });
    const body = JSON.stringify({ front: { image: card.toString('base64') } });
    const refused = await fetch(`${app.stack.info.apiUrl}/v1/jobs`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${app.stack.info.apiKey}`, 'content-type': 'application/json' },
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({ code: 'keys_unavailable' });
    const status = await run(process.execPath, [CLI, 'keys', 'status', '--json'], { env: app.stack.env }).catch(
      (error: { code: number; stdout: string }) => error,
    );
    expect(status).toMatchObject({ code: 1 });
    expect(JSON.parse(status.stdout)).toMatchObject({ master: null, trouble: 'key_service_unavailable' });
    kms.set({ trouble: null });
    await allSucceed(cached);
    // At that rate at most one call was on the wire of a killed worker; nothing else is called again.
    expect((await app.stats()).duplicates_by_image! - before!).toBeLessThanOrEqual(1);
  });
});

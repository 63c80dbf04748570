/** A stack with its master keys in a key service, and a card that tests submit as often as they need. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { expect } from 'vitest';
import { type KmsDouble, startKmsDouble } from '../../../infra/dev/kms/index.ts';
import { ensureSecrets } from '../../../infra/dev/src/secrets.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { stamped } from '../../support/vary-jpeg.ts';

export const CLI = path.resolve(import.meta.dirname, '../../../apps/cli/src/main.ts');
const REGION = 'us-east-1';

export interface KeyStack {
  app: TestStack;
  kms: KmsDouble;
  card: Buffer;
  /** Runs the CLI and parses the JSON that it prints. */
  cardseal(args: string[], env?: NodeJS.ProcessEnv): Promise<Record<string, unknown> & { wrapped_by: object }>;
  /** Submits different images of the same card and returns the job ids. */
  submit(count: number): Promise<string[]>;
  allSucceed(jobs: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startKeyStack(): Promise<KeyStack> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-keys-'));
  const { storeKeys } = ensureSecrets(dataDir, 200);
  const kmsDir = path.join(dataDir, 'kms');
  await mkdir(kmsDir);
  const aliases = ['alias/first', 'alias/second'];
  const kms = await startKmsDouble({ dataDir: kmsDir, port: 0, region: REGION, aliases, credentials: [storeKeys] });
  const app = await startTestStack({
    dataDir,
    workers: 2,
    baiduQps: 200,
    apps: { KMS_KEY_ID: 'alias/first,alias/second', KMS_ENDPOINT: kms.url, S3_KEYS_BUCKET: 'cardseal-keys' },
  });
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 77, scenario: 'good', scale: 0.5 }));
  const card = specimen!.front!;
  let made = 0;
  return {
    app,
    kms,
    card,
    async cardseal(args, env = {}) {
      const options = { env: { ...app.stack.env, ...env } };
      return JSON.parse((await promisify(execFile)(process.execPath, [CLI, ...args], options)).stdout);
    },
    async submit(count) {
      const images = Array.from({ length: count }, () => stamped(card, made++));
      const jobs = await Promise.all(images.map((front) => app.submit({ front })));
      return jobs.map(({ id }) => id);
    },
    async allSucceed(jobs) {
      const states = await Promise.all(jobs.map(async (job) => (await app.finished(job)).state));
      expect(new Set(states)).toEqual(new Set(['succeeded']));
    },
    async stop() {
      await app.stop();
      await kms.stop();
    },
  };
}

/**
 * `npm run test:s3`: runs the contract tests and the end-to-end tests against a real S3: the one that `S3_ENDPOINT`
 * names, else Ceph's object gateway, which it starts for this run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCeph } from '../s3/ceph.ts';
import { runAndSum } from './test.ts';
import type { TestProject } from './test-projects.ts';

const TEST_PROJECTS: readonly TestProject[] = ['contract', 'e2e', 'e2e-timed'];

export async function main(): Promise<number> {
  if (process.env.S3_ENDPOINT) return runAndSum(TEST_PROJECTS, process.env);
  const rootDir = await mkdtemp(path.join(tmpdir(), 'test-s3-'));
  try {
    return await againstCeph(rootDir);
  } finally {
    await rm(rootDir, { recursive: true, force: true });
  }
}

async function againstCeph(rootDir: string): Promise<number> {
  const ceph = await startCeph({ rootDir, log: (line) => console.error(line) });
  try {
    return await runAndSum(TEST_PROJECTS, {
      ...process.env,
      S3_ENDPOINT: ceph.endpoint,
      S3_REGION: ceph.region,
      S3_FORCE_PATH_STYLE: 'true',
      S3_CONTRACT_FLAVOUR: 'ceph',
      AWS_ACCESS_KEY_ID: ceph.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ceph.secretAccessKey,
    });
  } finally {
    await ceph.stop();
  }
}

/** Runs the CLI as an operator of a test stack, with the environment of the stack. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestStack } from './stack.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../apps/cli/src/main.ts');

export interface CommandResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export async function runCardseal(
  { stack, dataDir }: TestStack,
  args: readonly string[],
  input = '',
): Promise<CommandResult> {
  const { s3, apiUrl, apiKey } = stack.info;
  const env = {
    ...process.env,
    CARDSEAL_ENV: 'dev',
    CARDSEAL_URL: apiUrl,
    CARDSEAL_API_KEY: apiKey,
    REDIS_URL: stack.info.redisUrl,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    MASTER_KEY_FILE: path.join(dataDir, 'master.key'),
  };
  return runWith(env, args, input);
}

/** Runs the CLI with the data folder as its only setting, as next to `npm start`. */
export async function runCardsealByDataFolder({ dataDir }: TestStack, args: readonly string[], input = '') {
  return runWith({ PATH: process.env.PATH, CARDSEAL_DATA_DIR: dataDir }, args, input);
}

async function runWith(env: NodeJS.ProcessEnv, args: readonly string[], input: string): Promise<CommandResult> {
  try {
    const running = promisify(execFile)(process.execPath, [PROGRAM, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
    running.child.stdin?.end(`${input}\n`);
    const done = await running;
    return { ...done, exitCode: 0 };
  } catch (error) {
    const { stdout = '', stderr = '', code } = error as { stdout?: string; stderr?: string; code?: number };
    if (typeof code !== 'number') throw error;
    return { stdout, stderr, exitCode: code };
  }
}

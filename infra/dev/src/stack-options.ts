/**
 * The options of a development stack, and the environment variables from which `npm start` reads them. It reports all
 * wrong variables at once and starts nothing.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoreInfo } from './dev-info.ts';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** 0 for a free one. */
export interface StackPorts {
  api: number;
  admin: number;
  emulator: number;
  s3: number;
}

export interface Programs {
  s3: string;
  emulator: string;
  api: string;
  worker: string;
  admin: string;
}

/** The first tenant, its key and the first admin. */
export interface Provisioned {
  tenant: string;
  apiKey: string;
  admin: { user: string; password: string };
}

export type Provision = (context: { env: NodeJS.ProcessEnv; dataDir: string }) => Promise<Provisioned>;

export interface StackOptions {
  dataDir: string;
  /** All free ones by default. */
  ports?: Partial<StackPorts>;
  /** Worker processes, 1 by default. */
  workers?: number;
  /** Nominal rate of the one credential in calls per second, 100 by default. */
  baiduQps?: number;
  /** The base of every child's environment; the stack's settings override it. `process.env` by default. */
  env?: Readonly<NodeJS.ProcessEnv>;
  /** Settings of API, workers and admin that override the stack's. The stack creates the bucket `S3_KEYS_BUCKET`. */
  apps?: Readonly<NodeJS.ProcessEnv>;
  log?: (line: string) => void;
  /** A running object store, instead of the S3 double. */
  s3?: StoreInfo;
  /** A running Redis, instead of a private one. Only `npm start`, `npm run dev` and the demo read `REDIS_URL`. */
  redisUrl?: string;
  /** Redis stores values uncompressed, so that the leak test can search its files. */
  plainRedisFiles?: boolean;
  programs?: Partial<Programs>;
  provision?: Provision;
  /** How long a child may take to stop, before SIGKILL. */
  graceMs?: number;
  /** Cancels the start. It does not stop a stack that has started. */
  signal?: AbortSignal;
}

export const PROGRAMS: Programs = {
  s3: path.join(REPOSITORY, 'infra/dev/s3/main.ts'),
  emulator: path.join(REPOSITORY, 'apps/emulator/src/main.ts'),
  api: path.join(REPOSITORY, 'apps/api/src/main.ts'),
  worker: path.join(REPOSITORY, 'apps/worker/src/main.ts'),
  admin: path.join(REPOSITORY, 'apps/admin/src/main.ts'),
};

const DEFAULT_PORTS: StackPorts = { api: 3000, admin: 3001, emulator: 3002, s3: 3003 };
const MAX_PORT = 65_535;
const MAX_WORKERS = 64;

/** Reads the variables that `npm start -- --help` lists. Throws with all wrong ones. */
export function readStackOptions(env: Readonly<NodeJS.ProcessEnv>): StackOptions {
  const problems: string[] = [];
  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    problems.push(`${name}: must be a whole number from ${min} to ${max}`);
    return fallback;
  };
  const port = (name: keyof StackPorts) => integer(`${name.toUpperCase()}_PORT`, DEFAULT_PORTS[name], 0, MAX_PORT);
  const options: StackOptions = {
    dataDir: path.resolve(REPOSITORY, env.CARDSEAL_DATA_DIR || '.cardseal'),
    ports: { api: port('api'), admin: port('admin'), emulator: port('emulator'), s3: port('s3') },
    workers: integer('WORKERS', 1, 0, MAX_WORKERS),
    baiduQps: integer('BAIDU_QPS', 100, 1, 100_000),
    ...(env.REDIS_URL && { redisUrl: env.REDIS_URL }),
  };
  if (problems.length > 0) {
    throw new Error(`the settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
  return options;
}

/** The real S3 for `npm run test:s3`, or undefined if the environment names none. */
export function readStore(env: Readonly<NodeJS.ProcessEnv>, bucket: string): StoreInfo | undefined {
  const { S3_ENDPOINT, S3_REGION = 'us-east-1', AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = env;
  if (!S3_ENDPOINT) return undefined;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error('S3_ENDPOINT is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set too');
  }
  const keys = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  return { endpoint: S3_ENDPOINT, region: S3_REGION, bucket, ...keys };
}

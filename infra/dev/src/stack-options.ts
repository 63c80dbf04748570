/**
 * What a development stack can be told, and the variables of `npm start` that tell it. All problems are reported at
 * once; nothing is started here.
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

/** What the first tenant's maker returns. */
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
  /** The base of every child's environment; the stack's own settings win. `process.env` by default. */
  env?: Readonly<NodeJS.ProcessEnv>;
  /** Settings of API, workers and admin that win over the stack's own; a keys bucket is made. */
  apps?: Readonly<NodeJS.ProcessEnv>;
  log?: (line: string) => void;
  /** An object store that runs already, instead of the double. */
  s3?: StoreInfo;
  /** Instead of a private Redis. `REDIS_URL` of `env` is honoured only by `npm start`. */
  redisUrl?: string;
  /** Raw values in Redis's files, for the leak search. */
  plainRedisFiles?: boolean;
  programs?: Partial<Programs>;
  provision?: Provision;
  /** How long a child may take to stop. */
  graceMs?: number;
  /** Gives up the start. It does not stop a stack that has started. */
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

/** The variables of contract §1. Throws with every wrong one. */
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
  if (problems.length > 0) throw new Error(`the environment is not usable: ${problems.join('; ')}`);
  return options;
}

/** The S3 that `npm run test:s3` names, for a stack that shall use it; undefined when none is named. */
export function readStore(env: Readonly<NodeJS.ProcessEnv>, bucket: string): StoreInfo | undefined {
  const { S3_ENDPOINT, S3_REGION = 'us-east-1', AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = env;
  if (!S3_ENDPOINT) return undefined;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error('S3_ENDPOINT is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set too');
  }
  const keys = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  return { endpoint: S3_ENDPOINT, region: S3_REGION, bucket, ...keys };
}

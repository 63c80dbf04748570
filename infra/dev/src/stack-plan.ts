/**
 * The program, port and environment of each child of the stack. Pure functions, which read like a table. This file
 * starts nothing.
 */
import type { ChildSpec } from './child.ts';
import type { StoreInfo } from './dev-info.ts';
import type { DevSecrets } from './secrets.ts';
import type { Programs, StackPorts } from './stack-options.ts';

/** Settings of the user's shell that would point an embedded part to another service. */
const FOREIGN_SETTINGS = [
  'AWS_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'KMS_KEY_ID',
  'NODE_CHANNEL_FD',
  'REDIS_CLUSTER_NODES',
  'REDIS_SENTINELS',
  'S3_KEYS_BUCKET',
];

export interface PlanContext {
  programs: Programs;
  ports: StackPorts;
  env: Readonly<NodeJS.ProcessEnv>;
}

function nodeChild(
  name: string,
  program: string,
  variable: string | undefined,
  wanted: number,
  env: NodeJS.ProcessEnv,
) {
  const port = variable === undefined ? {} : { port: { variable, wanted } };
  return { name, command: process.execPath, args: [program], env, ...port } satisfies ChildSpec;
}

export function baseEnvironment(env: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  const development = { LOG_LEVEL: 'info', WEBHOOK_ALLOW_TARGETS: '127.0.0.0/8,::1/128', UPLOAD_ORIGINS: '*' };
  const base: NodeJS.ProcessEnv = { ...development, ...env };
  for (const name of FOREIGN_SETTINGS) delete base[name];
  return { ...base, CARDSEAL_ENV: 'dev' };
}

export function storeSpec(
  context: PlanContext,
  s3DataDir: string,
  store: Omit<StoreInfo, 'endpoint'>,
  keysBucket?: string,
): ChildSpec {
  return nodeChild('s3', context.programs.s3, 'S3_PORT', context.ports.s3, {
    ...context.env,
    S3_DATA_DIR: s3DataDir,
    S3_REGION: store.region,
    S3_BUCKET: [store.bucket, keysBucket].filter(Boolean).join(','),
    S3_ACCESS_KEY_ID: store.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.secretAccessKey,
  });
}

export function emulatorSpec(
  context: PlanContext,
  emulatorDataDir: string,
  secrets: DevSecrets,
  providerPort: number,
): ChildSpec {
  return nodeChild('emulator', context.programs.emulator, 'EMULATOR_PORT', context.ports.emulator, {
    ...context.env,
    BAIDU_QPS: String(secrets.credentials[0]?.qps ?? 100),
    EMULATOR_CREDENTIALS_FILE: secrets.credentialsFile,
    EMULATOR_DATA_DIR: emulatorDataDir,
    EMULATOR_PROVIDER_PORT: String(providerPort),
  });
}

/** The settings that API, workers, admin and the creation of the first tenant share. */
export function appEnvironment(parts: {
  env: Readonly<NodeJS.ProcessEnv>;
  redisUrl: string;
  store: StoreInfo;
  secrets: DevSecrets;
  /** URL of the emulator's provider endpoints. Its fault `refuse` closes this port, but not its control port. */
  providerUrl: string;
  publicKeyFile: string;
}): NodeJS.ProcessEnv {
  return {
    ...parts.env,
    REDIS_URL: parts.redisUrl,
    S3_ENDPOINT: parts.store.endpoint,
    S3_REGION: parts.store.region,
    S3_BUCKET: parts.store.bucket,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: parts.store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: parts.store.secretAccessKey,
    MASTER_KEY_FILE: parts.secrets.masterKeyFile,
    BAIDU_CREDENTIALS_FILE: parts.secrets.credentialsFile,
    BAIDU_BASE_URL: parts.providerUrl,
    BAIDU_KEY_WRAPPER: `rsa:${parts.publicKeyFile}`,
  };
}

export function workerName(index: number): string {
  return `worker-${index + 1}`;
}

/** API, workers and admin: they start and stop together. */
export function appSpecs(context: PlanContext, workers: number, check: NonNullable<ChildSpec['check']>): ChildSpec[] {
  const { programs, ports, env } = context;
  return [
    { ...nodeChild('api', programs.api, 'API_PORT', ports.api, env), check },
    ...Array.from({ length: workers }, (_, index) =>
      nodeChild(workerName(index), programs.worker, undefined, 0, { ...env, WORKER_NAME: workerName(index) }),
    ),
    nodeChild('admin', programs.admin, 'ADMIN_PORT', ports.admin, env),
  ];
}

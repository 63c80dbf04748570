/**
 * Starts the parts of the stack in order. Each part gets the URLs of the earlier ones. After the start the supervisor
 * takes care of them.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DevInfo, StoreInfo } from './dev-info.ts';
import { assertPortsFree, freePort, LOOPBACK } from './ports.ts';
import { planRedis } from './redis.ts';
import { type DevSecrets, ensureSecrets, writeFileAtomic } from './secrets.ts';
import { PROGRAMS, type Provision, type Provisioned, type StackOptions } from './stack-options.ts';
import {
  appEnvironment,
  appSpecs,
  baseEnvironment,
  emulatorSpec,
  type PlanContext,
  storeSpec,
  workerName,
} from './stack-plan.ts';
import type { Supervisor } from './supervisor.ts';

const REGION = 'us-east-1';
const BUCKET = 'cardseal';
const POLL_MS = 20;

export type Settled = StackOptions & { dataDir: string; log: (line: string) => void };

export async function startParts(options: Settled, supervisor: Supervisor) {
  const ports = { api: 0, admin: 0, emulator: 0, s3: 0, ...options.ports };
  await assertPortsFree({
    API_PORT: ports.api,
    ADMIN_PORT: ports.admin,
    EMULATOR_PORT: ports.emulator,
    S3_PORT: options.s3 ? 0 : ports.s3,
  });
  const secrets = ensureSecrets(options.dataDir, options.baiduQps ?? 100);
  const env = baseEnvironment(options.env ?? process.env);
  const context = { programs: { ...PROGRAMS, ...options.programs }, ports, env };
  options.log(`starting ${embeddedParts(options).join(', ')}`);
  // They do not depend on each other, and loading the provisioner takes as long as starting them.
  const [redisUrl, store, { emulatorUrl, providerUrl }, provision] = await Promise.all([
    options.redisUrl ?? startOwnRedis(options, supervisor),
    options.s3 ?? startStore(options, supervisor, context, secrets),
    startEmulator(options, supervisor, context, secrets),
    provisionerOf(options),
  ]);
  const publicKeyFile = path.join(options.dataDir, 'emulator-public-key.pem');
  writeFileAtomic(publicKeyFile, await fetchText(`${emulatorUrl}/__control/public-key`));
  const parts = { env, redisUrl, store, secrets, providerUrl, publicKeyFile };
  const appEnv = { ...appEnvironment(parts), ...options.apps };
  const provisioned = await provision({ env: appEnv, dataDir: options.dataDir });
  options.log(`starting API, admin, workers: ${options.workers ?? 1}`);
  await supervisor.start(appSpecs({ ...context, env: appEnv }, options.workers ?? 1, untilHealthy));
  return { env: appEnv, info: collectInfo(supervisor, { redisUrl, store, emulatorUrl, provisioned, secrets }) };
}

function embeddedParts({ redisUrl, s3 }: StackOptions): string[] {
  return [
    ...(redisUrl ? [] : ['Redis']),
    ...(s3 ? [] : ['object store']),
    // Its responses are free: the launcher never calls the real provider.
    'emulator of the provider',
  ];
}

async function startOwnRedis(options: Settled, supervisor: Supervisor): Promise<string> {
  const redis = await planRedis({
    dataDir: path.join(options.dataDir, 'redis'),
    log: options.log,
    ...(options.plainRedisFiles && { plainFiles: true }),
  });
  await supervisor.start([redis.spec]);
  return redis.url;
}

async function startStore(options: Settled, supervisor: Supervisor, context: PlanContext, secrets: DevSecrets) {
  const store = { region: REGION, bucket: BUCKET, ...secrets.storeKeys };
  const [child] = await supervisor.start([
    storeSpec(context, path.join(options.dataDir, 's3'), store, options.apps?.S3_KEYS_BUCKET),
  ]);
  return { endpoint: urlOf(child), ...store } satisfies StoreInfo;
}

async function startEmulator(options: Settled, supervisor: Supervisor, context: PlanContext, secrets: DevSecrets) {
  // The launcher chooses this port, so that a restarted emulator keeps it.
  const providerPort = await freePort();
  const dataDir = path.join(options.dataDir, 'emulator');
  const [child] = await supervisor.start([emulatorSpec(context, dataDir, secrets, providerPort)]);
  return { emulatorUrl: urlOf(child), providerUrl: urlOf({ port: providerPort }) };
}

async function provisionerOf(options: StackOptions): Promise<Provision> {
  if (options.provision) return options.provision;
  const module: { provision: Provision } = await import(new URL('./provision.ts', import.meta.url).href);
  return module.provision;
}

function collectInfo(
  supervisor: Supervisor,
  parts: { redisUrl: string; store: StoreInfo; emulatorUrl: string; provisioned: Provisioned; secrets: DevSecrets },
): DevInfo {
  return {
    apiUrl: urlOf(supervisor.child('api')),
    adminUrl: urlOf(supervisor.child('admin')),
    emulatorUrl: parts.emulatorUrl,
    s3: parts.store,
    redisUrl: parts.redisUrl,
    ...parts.provisioned,
    credentials: parts.secrets.credentials,
    pids: { redis: null, s3: null, emulator: 0, api: 0, admin: 0, workers: [] },
  };
}

export function pidsOf(supervisor: Supervisor, options: StackOptions): DevInfo['pids'] {
  const pid = (name: string) => supervisor.child(name).pid;
  return {
    redis: options.redisUrl ? null : pid('redis'),
    s3: options.s3 ? null : pid('s3'),
    emulator: pid('emulator'),
    api: pid('api'),
    admin: pid('admin'),
    workers: Array.from({ length: options.workers ?? 1 }, (_, index) => pid(workerName(index))),
  };
}

function urlOf(child: { port: number } | undefined): string {
  return `http://${LOOPBACK}:${child?.port}`;
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} responded with ${response.status}`);
  return response.text();
}

async function untilHealthy(port: number, signal: AbortSignal): Promise<void> {
  const url = `http://${LOOPBACK}:${port}/healthz`;
  for (;;) {
    const response = await fetch(url, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await delay(POLL_MS, undefined, { signal });
  }
}

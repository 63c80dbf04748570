/**
 * Checks of settings that API, worker, admin and CLI share and that one variable alone cannot express. A start and
 * `cardseal config check` run all of them and report every problem at once.
 */

import { splitTargets, targetListProblems } from '@cardseal/webhook';
import {
  type Env,
  type ProxyEnvironment,
  problemsFrom,
  readProxies,
  readWebhookTls,
  redisTarget,
  type WebhookTlsEnvironment,
} from '../config/index.ts';
import { type MasterKeyEnvironment, masterKeyFile } from '../ledger/index.ts';
import { type PlaintextEnvironment, plaintextProblems } from './plaintext.ts';

export type SharedSettings = PlaintextEnvironment &
  ProxyEnvironment &
  WebhookTlsEnvironment &
  Partial<MasterKeyEnvironment> & {
    REDIS_SENTINELS?: { host: string; port: number }[] | undefined;
    REDIS_CLUSTER_NODES?: { host: string; port: number }[] | undefined;
    WEBHOOK_ALLOW_TARGETS?: string | undefined;
  };

/** Relations between settings. Reads no file. */
export function relationProblems(settings: SharedSettings, env: Env): string[] {
  const { REDIS_SENTINELS, REDIS_CLUSTER_NODES, WEBHOOK_ALLOW_TARGETS = '', CARDSEAL_ENV } = settings;
  const targets = targetListProblems(splitTargets(WEBHOOK_ALLOW_TARGETS), CARDSEAL_ENV === 'production');
  return [
    ...problemsFrom(() => redisTarget({ REDIS_URL: '', REDIS_SENTINELS, REDIS_CLUSTER_NODES })),
    ...targets.map((problem) => `WEBHOOK_ALLOW_TARGETS: ${problem}`),
    ...problemsFrom(() => readProxies(settings)),
    ...plaintextProblems(settings, env),
  ];
}

/** Problems of the key service's settings and of the files that settings name. */
export function fileProblems(settings: SharedSettings): string[] {
  return [...problemsFrom(() => masterKeyFile(settings)), ...problemsFrom(() => readWebhookTls(settings))];
}

/** For apps whose links lead consumers to the API. */
export function publicUrlProblems({ CARDSEAL_ENV }: SharedSettings, env: Env): string[] {
  if (CARDSEAL_ENV !== 'production' || env.PUBLIC_URL !== undefined) return [];
  return ['PUBLIC_URL: is missing; production needs the https:// URL at which consumers reach the API'];
}

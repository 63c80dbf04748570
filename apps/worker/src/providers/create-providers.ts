/**
 * Creates one provider per credential of the pool file, with shared connections and a shared key wrapper. Only this
 * folder of the worker names providers; all other code uses the port.
 */

import type { Clock } from '@cardseal/base/clock';
import { ConfigurationError, readProxies } from '@cardseal/core/config';
import type { Log } from '@cardseal/core/log';
import type { Provider, ReadReply } from '@cardseal/core/provider';
import { readStoredReply } from '@cardseal/providers';
import {
  commandKeyWrapper,
  createBaiduProvider,
  createIdCardClient,
  createTokenFetcher,
  createTokenSource,
  type IdCardClient,
  type KeyWrapper,
  parseCipherSuite,
  parseKeyWrapperSetting,
  redisTokenStore,
} from '@cardseal/providers/baidu';
import type { Redis } from 'ioredis';
import type { WorkerConfig } from '../config.ts';
import type { Credential } from './credentials.ts';
import { readRsaKeyWrapper } from './pool-problems.ts';

export interface Providers {
  byId: ReadonlyMap<string, Provider>;
  readReply: ReadReply;
  stop(): Promise<void>;
}

export interface ProviderParts {
  config: WorkerConfig;
  credentials: readonly Credential[];
  redis: Redis;
  /** 32 bytes; seals access tokens in Redis, equal for all workers. */
  tokenSealKey: () => Promise<Buffer>;
  clock: Clock;
  log: Log;
}

export function createProviders(parts: ProviderParts): Providers {
  const { config, credentials } = parts;
  const client = createIdCardClient({
    baseUrl: config.BAIDU_BASE_URL,
    deadlineMs: config.UPSTREAM_DEADLINE_MS,
    proxyFor: readProxies(config),
    connections: mostInFlight(credentials, config.UPSTREAM_DEADLINE_MS),
  });
  const keyWrapper = credentials.some(({ provider }) => provider === 'baidu-idcard-enc') ? wrapper(parts) : undefined;
  const providers = credentials.map((credential) => provider(parts, credential, client, keyWrapper));
  return {
    byId: new Map(providers.map((one) => [one.id, one])),
    readReply: readStoredReply,
    async stop() {
      await keyWrapper?.stop();
      await client.stop();
    },
  };
}

/** Rate × the longest duration of a call: a call with a permit must never wait for a connection. */
function mostInFlight(credentials: readonly Credential[], deadlineMs: number): number {
  const callsPerSecond = credentials.reduce((sum, { qps }) => sum + qps, 0);
  return Math.max(16, Math.ceil((callsPerSecond * deadlineMs) / 1000));
}

function provider(
  { config, redis, tokenSealKey, clock, log }: ProviderParts,
  credential: Credential,
  client: IdCardClient,
  keyWrapper: KeyWrapper | undefined,
): Provider {
  const { id, provider, api_key, secret_key, aes_key } = credential;
  const store = redisTokenStore({
    redis,
    keyPrefix: `${config.QUEUE_PREFIX}:`,
    credentialId: id,
    apiKey: api_key,
    sealKey: tokenSealKey,
    clock,
  });
  const tokenSource = createTokenSource({
    credentialId: id,
    apiKey: api_key,
    secretKey: secret_key,
    fetchToken: createTokenFetcher(client),
    store,
    clock,
    onEvent: ({ kind }) => {
      if (kind === 'refused') log.error('token.refused', { credential_id: id });
      else log.info(`token.${kind}`, { credential_id: id });
    },
  });
  return createBaiduProvider({
    credential: { id, provider, ...(aes_key === undefined ? {} : { aesKey: aes_key }) },
    suite: parseCipherSuite(config.BAIDU_CIPHER_SUITE, config.BAIDU_REPLY_FIELD),
    ...(keyWrapper ? { keyWrapper } : {}),
    tokenSource,
    client,
    limits: { maxEncodedBytes: config.BAIDU_MAX_ENCODED_BYTES },
  });
}

function wrapper({ config, log }: ProviderParts): KeyWrapper {
  if (config.BAIDU_KEY_WRAPPER === undefined)
    throw new ConfigurationError(['BAIDU_KEY_WRAPPER: is needed by credentials of baidu-idcard-enc']);
  const setting = parseKeyWrapperSetting(config.BAIDU_KEY_WRAPPER);
  if (setting.kind === 'command') {
    const { command, args } = setting;
    return commandKeyWrapper({ command, args, onEvent: ({ kind }) => log.info(`key_wrapper.${kind}`) });
  }
  return readRsaKeyWrapper(setting.file);
}

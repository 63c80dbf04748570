/** Checks the infrastructure from the settings. `cardseal doctor` and every app at its start use it. */

import { createS3Client } from '@cardseal/object-store';
import type { PlaintextName } from '../config/index.ts';
import { type ProxyEnvironment, readProxies } from '../config/index.ts';
import type { Advice } from './advice.ts';
import { type AskRedis, adviseOnRedis } from './redis.ts';
import { adviseOnStore } from './store.ts';

/** Property names equal the environment variables. */
export interface PreflightEnvironment extends ProxyEnvironment {
  REDIS_URL?: string | undefined;
  S3_ENDPOINT?: string | undefined;
  S3_REGION: string;
  S3_BUCKET: string;
  S3_KEYS_BUCKET?: string | undefined;
  S3_FORCE_PATH_STYLE: boolean;
  ALLOW_PLAINTEXT?: readonly PlaintextName[] | undefined;
}

export function examineRedis({ REDIS_URL }: Pick<PreflightEnvironment, 'REDIS_URL'>, redis: AskRedis) {
  const url = REDIS_URL === undefined ? null : new URL(REDIS_URL);
  return adviseOnRedis(redis, {
    tls: url?.protocol === 'rediss:',
    loopback: url !== null && /^(127\.|localhost$|\[::1\])/.test(url.hostname),
  });
}

export async function examineStore(env: PreflightEnvironment): Promise<Advice[]> {
  const client = createS3Client({
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    forcePathStyle: env.S3_FORCE_PATH_STYLE,
    proxyFor: readProxies(env),
  });
  const places = { endpoint: env.S3_ENDPOINT, bucket: env.S3_BUCKET, keysBucket: env.S3_KEYS_BUCKET };
  try {
    return await adviseOnStore(client, places);
  } finally {
    client.destroy();
  }
}

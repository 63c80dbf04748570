/** What `doctor` says beside the queues: which key service is used, and what beneath Cardseal is not as it should be. */
import {
  commonEnvironment,
  type Env,
  readEnvironment,
  redisEnvironment,
  storeEnvironment,
} from '@cardseal/core/config';
import { type Advice, type AskRedis, adviseOnKeys, adviseOnRedis, adviseOnStore } from '@cardseal/core/foundation';
import { createS3Client, type KeyStatus, type Ledger } from '@cardseal/core/ledger';
import { z } from 'zod';

const schema = z.object({ ...redisEnvironment, ...storeEnvironment, CARDSEAL_ENV: commonEnvironment.CARDSEAL_ENV });

export interface Foundation {
  keys: { master: string | null; trouble: string | null; wrapped_by: Record<string, number>; tenants: number };
  advice: Advice[];
}

export async function examineFoundation(env: Env, ledger: Ledger, redis: AskRedis): Promise<Foundation> {
  const settings = readEnvironment(schema, env);
  const url = settings.REDIS_URL === undefined ? null : new URL(settings.REDIS_URL);
  const client = createS3Client({
    endpoint: settings.S3_ENDPOINT,
    region: settings.S3_REGION,
    forcePathStyle: settings.S3_FORCE_PATH_STYLE,
  });
  const places = { endpoint: settings.S3_ENDPOINT, bucket: settings.S3_BUCKET, keysBucket: settings.S3_KEYS_BUCKET };
  const connection = {
    tls: url?.protocol === 'rediss:',
    loopback: url !== null && /^(127\.|localhost$|\[::1\])/.test(url.hostname),
  };
  try {
    const [status, onRedis, onStore] = await Promise.all([
      ledger.keys.status(),
      adviseOnRedis(redis, connection),
      adviseOnStore(client, places),
    ]);
    return { keys: shown(status), advice: [...onRedis, ...onStore, ...adviseOnKeys(status)] };
  } finally {
    client.destroy();
  }
}

function shown({ master, trouble, wrappedBy, tenants }: KeyStatus): Foundation['keys'] {
  return { master, trouble, wrapped_by: wrappedBy, tenants };
}

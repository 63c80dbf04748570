/** The real API over the store and the Redis of the run. */
import { createApi } from '@cardseal/api';
import { systemClock } from '@cardseal/base/clock';
import { createApiKey, createTenant } from '@cardseal/core/access';
import { createLedger } from '@cardseal/core/ledger';
import { createLog } from '@cardseal/core/log';
import type { ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import type { Target } from './running-target.ts';

export async function startCardseal(store: ObjectStore, redisUrl: string): Promise<Target> {
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock: systemClock });
  const api = createApi(
    {
      CARDSEAL_ENV: 'test',
      LOG_LEVEL: 'info',
      WEBHOOK_ALLOW_TARGETS: '',
      QUEUE_PREFIX: '{accept}',
      MAX_IMAGE_BYTES: 40 * 1024 * 1024,
      BAIDU_MAX_ENCODED_BYTES: 4_000_000,
      BAIDU_MAX_SIDE_PX: 4096,
      BAIDU_MIN_SIDE_PX: 15,
      REDIS_URL: redisUrl,
      S3_REGION: 'unused',
      S3_BUCKET: 'unused',
      S3_FORCE_PATH_STYLE: true,
      MASTER_KEY_FILE: 'unused',
      API_HOST: '127.0.0.1',
      API_PORT: 0,
      REQUEST_TIMEOUT_MS: 30_000,
      UPLOAD_ORIGINS: [],
      UPLOAD_TIMEOUT_MS: 900_000,
      BATCH_TIMEOUT_MS: 3_600_000,
      BODY_IDLE_TIMEOUT_MS: 15_000,
      BODY_MIN_BYTES_PER_SECOND: 500,
      SHUTDOWN_DELAY_MS: 0,
      SHUTDOWN_GRACE_MS: 1000,
    },
    { ledger, log: createLog('api', 'info') },
  );
  const { port } = await api.start();
  await createTenant(ledger, systemClock, 'bank', 'A bank');
  const { key } = await createApiKey(ledger, systemClock, { tenant: 'bank', env: 'test', scopes: ['jobs:write'] });
  return { url: `http://127.0.0.1:${port}`, key, stop: () => api.stop() };
}

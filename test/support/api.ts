/** An API in this process over a ledger in memory, without Redis. */
import { createApi } from '@cardseal/api';
import { type Clock, systemClock } from '@cardseal/base/clock';
import { createApiKey, createTenant } from '@cardseal/core/access';
import { createLedger, type Ledger, SCOPES, type Scope } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';

export interface TestApi {
  url: string;
  store: MemoryObjectStore;
  ledger: Ledger;
  key(tenant: string, scopes?: readonly Scope[]): Promise<string>;
  call(method: string, path: string, init?: RequestInit & { key?: string }): Promise<Answer>;
  stop(hurry?: AbortSignal): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the members that they use
  body: any;
}

export interface TestApiSettings {
  maxImageBytes?: number;
  /** For every kind of body, unless `uploadTimeoutMs` is longer for images and batches. */
  requestTimeoutMs?: number;
  uploadOrigins?: string[];
  uploadTimeoutMs?: number;
  bodyIdleMs?: number;
  bodyMemoryMb?: number;
  shutdownGraceMs?: number;
  clock?: Clock;
  /** The ledger of another test API, to run a second process next to it. */
  ledger?: Ledger;
  store?: MemoryObjectStore;
  /** Redis is away unless a URL is given. */
  redisUrl?: string;
}

export async function startTestApi(settings: TestApiSettings = {}): Promise<TestApi> {
  const { clock = systemClock, store = memoryObjectStore() } = settings;
  const ledger = settings.ledger ?? createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock });
  const api = createApi(
    {
      CARDSEAL_ENV: 'test',
      LOG_LEVEL: 'silent',
      WEBHOOK_ALLOW_TARGETS: '127.0.0.0/8,10.1.0.0/16',
      QUEUE_PREFIX: '{test}',
      MAX_IMAGE_BYTES: settings.maxImageBytes ?? 40 * 1024 * 1024,
      BAIDU_MAX_ENCODED_BYTES: 4_000_000,
      BAIDU_MAX_SIDE_PX: 4096,
      BAIDU_MIN_SIDE_PX: 15,
      // Nothing listens on the discard port, so Redis is away from the start.
      REDIS_URL: settings.redisUrl ?? 'redis://127.0.0.1:9',
      S3_REGION: 'unused',
      S3_BUCKET: 'unused',
      S3_FORCE_PATH_STYLE: true,
      MASTER_KEY_FILE: 'unused',
      API_HOST: '127.0.0.1',
      API_PORT: 0,
      REQUEST_TIMEOUT_MS: settings.requestTimeoutMs ?? 30_000,
      UPLOAD_ORIGINS: settings.uploadOrigins ?? [],
      UPLOAD_TIMEOUT_MS: settings.uploadTimeoutMs ?? settings.requestTimeoutMs ?? 900_000,
      BATCH_TIMEOUT_MS: settings.uploadTimeoutMs ?? settings.requestTimeoutMs ?? 3_600_000,
      BODY_IDLE_TIMEOUT_MS: settings.bodyIdleMs ?? 15_000,
      BODY_MIN_BYTES_PER_SECOND: 500,
      ...(settings.bodyMemoryMb === undefined ? {} : { BODY_MEMORY_MB: settings.bodyMemoryMb }),
      SHUTDOWN_DELAY_MS: 0,
      SHUTDOWN_GRACE_MS: settings.shutdownGraceMs ?? 1000,
    },
    { ledger, log: silentLog, clock },
  );
  const { port } = await api.start();
  if (!settings.ledger) {
    await createTenant(ledger, systemClock, 'bank', 'A bank');
    await createTenant(ledger, systemClock, 'other', 'Another tenant');
  }
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    store,
    ledger,
    key: async (tenant, scopes = SCOPES) =>
      (await createApiKey(ledger, systemClock, { tenant, env: 'test', scopes: [...scopes] })).key,
    call: (method, path, init = {}) => call(url, method, path, init),
    stop: (hurry) => api.stop(hurry),
  };
}

async function call(
  url: string,
  method: string,
  path: string,
  { key, ...init }: RequestInit & { key?: string },
): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (key) headers.set('authorization', `Bearer ${key}`);
  const response = await fetch(url + path, { ...init, method, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/** A JSON body with its content type. */
export function json(value: unknown): RequestInit {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
}

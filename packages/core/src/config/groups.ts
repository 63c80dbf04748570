/** The groups of settings that several apps share (contract §4). Secrets are read from files, never from defaults. */
import { z } from 'zod';
import { ConfigurationError, flag, port, positiveInteger } from './environment.ts';
import { plaintextNames } from './plaintext.ts';

const addresses = z
  .string()
  .regex(/^[^\s,@/]+:\d{1,5}(,[^\s,@/]+:\d{1,5})*$/, 'must be host:port, with commas between several')
  .transform((text) =>
    text.split(',').map((one) => {
      const colon = one.lastIndexOf(':');
      return { host: one.slice(0, colon), port: Number(one.slice(colon + 1)) };
    }),
  );

/**
 * `REDIS_URL` alone names one server. With Sentinels or cluster nodes, the URL still gives user, password and TLS. With
 * Sentinels, its host is the name of the monitored master.
 */
export const redisEnvironment = {
  REDIS_URL: z
    .string({ error: 'is missing; it must be a URL such as rediss://user:password@host:6379' })
    .regex(/^rediss?:\/\//, { error: 'must start with redis:// or rediss://', abort: true })
    .refine((text) => URL.canParse(text), 'must be a URL such as rediss://user:password@host:6379'),
  REDIS_SENTINELS: addresses.optional(),
  REDIS_CLUSTER_NODES: addresses.optional(),
};

/** The address of Redis, as connections need it. @throws ConfigurationError when both Sentinels and nodes are set. */
export function redisTarget(env: {
  REDIS_URL: string;
  REDIS_SENTINELS?: { host: string; port: number }[] | undefined;
  REDIS_CLUSTER_NODES?: { host: string; port: number }[] | undefined;
}): RedisTarget {
  const { REDIS_URL: url, REDIS_SENTINELS: sentinels, REDIS_CLUSTER_NODES: nodes } = env;
  if (sentinels && nodes)
    throw new ConfigurationError(['REDIS_SENTINELS, REDIS_CLUSTER_NODES: set only one of the two']);
  return { url, ...(sentinels ? { sentinels } : {}), ...(nodes ? { nodes } : {}) };
}

export interface RedisTarget {
  url: string;
  sentinels?: readonly { host: string; port: number }[];
  /** Some masters of a cluster, from which a client learns the others. */
  nodes?: readonly { host: string; port: number }[];
}

/** An endpoint or address that is reached by HTTP. */
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a URL that starts with https:// or http://' });

/** For providers, object store and key service; for webhooks only with `WEBHOOK_VIA_PROXY`. Lower-case names work too. */
const proxyEnvironment = {
  HTTPS_PROXY: z.string().optional(),
  HTTP_PROXY: z.string().optional(),
  NO_PROXY: z.string().optional(),
};

export const storeEnvironment = {
  ...proxyEnvironment,
  S3_ENDPOINT: httpUrl.optional(),
  S3_REGION: z.string().min(1),
  S3_BUCKET: z.string().min(3),
  S3_KEYS_BUCKET: z.string().min(3).optional(),
  S3_FORCE_PATH_STYLE: flag.default(false),
  /** One of these two, or both during a migration from a key file to a KMS. */
  MASTER_KEY_FILE: z.string().min(1).optional(),
  /** Several during a key rotation: the first wraps, all unwrap. */
  KMS_KEY_ID: z
    .string()
    .regex(/^[^\s,]+(,[^\s,]+)*$/, 'must be a KMS key id, alias or ARN, with commas and no spaces between several')
    .optional(),
  KMS_ENDPOINT: httpUrl.optional(),
  KMS_REGION: z.string().min(1).optional(),
};

export const baiduEnvironment = {
  BAIDU_CREDENTIALS_FILE: z.string().min(1),
  BAIDU_BASE_URL: httpUrl.default('https://aip.baidubce.com'),
  BAIDU_KEY_WRAPPER: z
    .string()
    .regex(/^(command|rsa):./, 'must be command:<command line> or rsa:<pem file>')
    .optional(),
  BAIDU_CIPHER_SUITE: z
    .string()
    .regex(
      /^aes-(128|256)-(ecb|(cbc|gcm):(zero|random-prefix))$/,
      'must be aes-128|256-ecb, or aes-128|256-cbc|gcm with :zero or :random-prefix',
    )
    .default('aes-128-ecb'),
  BAIDU_REPLY_FIELD: z.string().min(1).default('result'),
};

/** Where webhooks may go, and what their TLS connections use. */
export const webhookEnvironment = {
  /** The installation's list of private targets: CIDR ranges, `host`, `host:port`. */
  WEBHOOK_ALLOW_TARGETS: z.string().default(''),
  /** The proxy of `HTTPS_PROXY` then resolves the names of targets, and has to refuse private addresses. */
  WEBHOOK_VIA_PROXY: z.literal('allow').optional(),
  /** PEM: certificate authorities to trust in addition to Node's list. */
  WEBHOOK_CA_FILE: z.string().min(1).optional(),
  /** PEM: the client certificate for receivers that request one, and its key. */
  WEBHOOK_CLIENT_CERT_FILE: z.string().min(1).optional(),
  WEBHOOK_CLIENT_KEY_FILE: z.string().min(1).optional(),
};

export const commonEnvironment = {
  CARDSEAL_ENV: z.enum(['dev', 'test', 'production']).default('production'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Services that production may reach without TLS, by name. */
  ALLOW_PLAINTEXT: plaintextNames.optional(),
  /** The separate listener for metrics. Without a port it does not start. */
  METRICS_HOST: z.string().optional(),
  METRICS_PORT: port.optional(),
  /** The collector of traces. Without it, tracing is off. */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  QUEUE_PREFIX: z
    .string()
    .regex(/^\{[a-z0-9-]+\}$/, 'must be a Redis Cluster hash tag such as {cardseal}')
    .default('{cardseal}'),
  MAX_IMAGE_BYTES: positiveInteger.default(40 * 1024 * 1024),
  /** The provider's limits. They are settings because the provider has changed them before. */
  BAIDU_MAX_ENCODED_BYTES: positiveInteger.default(4_000_000),
  BAIDU_MAX_SIDE_PX: positiveInteger.default(4096),
  BAIDU_MIN_SIDE_PX: positiveInteger.default(15),
};

/** The limits of images: the API refuses by them, and the worker fits images to them. */
export function imageLimits(env: {
  MAX_IMAGE_BYTES: number;
  BAIDU_MAX_ENCODED_BYTES: number;
  BAIDU_MAX_SIDE_PX: number;
  BAIDU_MIN_SIDE_PX: number;
}): { maxInputBytes: number; maxEncodedBytes: number; maxSidePx: number; minSidePx: number } {
  return {
    maxInputBytes: env.MAX_IMAGE_BYTES,
    maxEncodedBytes: env.BAIDU_MAX_ENCODED_BYTES,
    maxSidePx: env.BAIDU_MAX_SIDE_PX,
    minSidePx: env.BAIDU_MIN_SIDE_PX,
  };
}

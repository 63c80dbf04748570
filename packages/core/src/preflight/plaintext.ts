/**
 * Production uses TLS to stores, key service, providers and Redis, and consumers reach the API by https. An operator
 * can lift this by name with `ALLOW_PLAINTEXT` for connections inside a protected network, but never for a provider on
 * the public network: card images would cross it in the clear.
 */
import { isIP } from 'node:net';
import { isLoopbackAddress, isPrivateName, isPublicAddress } from '@cardseal/webhook';
import type { Env, PlaintextName } from '../config/index.ts';
import type { Advice } from './advice.ts';

/** Property names equal the environment variables. A setting that an app does not read is absent. */
export interface PlaintextEnvironment {
  CARDSEAL_ENV?: string | undefined;
  ALLOW_PLAINTEXT?: readonly PlaintextName[] | undefined;
  REDIS_URL?: string | undefined;
  REDIS_SENTINELS?: readonly { host: string }[] | undefined;
  REDIS_CLUSTER_NODES?: readonly { host: string }[] | undefined;
  S3_ENDPOINT?: string | undefined;
  KMS_ENDPOINT?: string | undefined;
  BAIDU_BASE_URL?: string | undefined;
  PUBLIC_URL?: string | undefined;
}

/**
 * The problems, one line per setting; empty outside production. @param env for endpoints that the AWS SDK reads
 * itself.
 */
export function plaintextProblems(settings: PlaintextEnvironment, env: Env = {}): string[] {
  if (settings.CARDSEAL_ENV !== 'production') return [];
  const allowed = settings.ALLOW_PLAINTEXT ?? [];
  const sdk = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true' ? {} : env;
  const everywhere = { AWS_ENDPOINT_URL: sdk.AWS_ENDPOINT_URL };
  const s3 = settings.S3_ENDPOINT
    ? { S3_ENDPOINT: settings.S3_ENDPOINT }
    : sdk.AWS_ENDPOINT_URL_S3
      ? { AWS_ENDPOINT_URL_S3: sdk.AWS_ENDPOINT_URL_S3 }
      : everywhere;
  const kms = settings.KMS_ENDPOINT
    ? { KMS_ENDPOINT: settings.KMS_ENDPOINT }
    : sdk.AWS_ENDPOINT_URL_KMS
      ? { AWS_ENDPOINT_URL_KMS: sdk.AWS_ENDPOINT_URL_KMS }
      : everywhere;
  return [
    ...urlProblems(s3, 's3', allowed),
    ...urlProblems(kms, 'kms', allowed),
    ...urlProblems({ PUBLIC_URL: settings.PUBLIC_URL }, 'public', allowed),
    ...providerUrlProblems('BAIDU_BASE_URL', settings.BAIDU_BASE_URL, settings),
    ...redisProblems(settings, allowed),
  ];
}

/** The same for one address of a provider, for example from the pool file. @param place named in the problem. */
function providerUrlProblems(
  place: string,
  url: string | undefined,
  { CARDSEAL_ENV, ALLOW_PLAINTEXT = [] }: Pick<PlaintextEnvironment, 'CARDSEAL_ENV' | 'ALLOW_PLAINTEXT'>,
): string[] {
  if (CARDSEAL_ENV !== 'production' || !isPlain(url)) return [];
  if (isPublicHost(url!)) {
    return [`${place}: must start with https://; no setting allows http:// to a provider on the public network`];
  }
  return urlProblems({ [place]: url }, 'provider', ALLOW_PLAINTEXT);
}

function urlProblems(
  urls: Record<string, string | undefined>,
  name: PlaintextName,
  allowed: readonly PlaintextName[],
): string[] {
  return Object.entries(urls).flatMap(([place, url]) =>
    isPlain(url) && !allowed.includes(name) ? [`${place}: must start with https:// in production${lifted(name)}`] : [],
  );
}

function redisProblems(settings: PlaintextEnvironment, allowed: readonly PlaintextName[]): string[] {
  const { REDIS_URL, REDIS_SENTINELS, REDIS_CLUSTER_NODES } = settings;
  const url = REDIS_URL === undefined ? null : URL.parse(REDIS_URL);
  if (url?.protocol !== 'redis:' || allowed.includes('redis')) return [];
  // With Sentinel, the host of the URL is the name of a master.
  const others = REDIS_SENTINELS ?? REDIS_CLUSTER_NODES;
  const hosts = others ? others.map(({ host }) => host) : [url.hostname];
  if (hosts.every(isLoopbackHost)) return [];
  return [`REDIS_URL: must start with rediss:// in production unless Redis runs on the loopback${lifted('redis')}`];
}

function lifted(name: PlaintextName): string {
  return `; inside a protected network, ALLOW_PLAINTEXT=${name} lifts this`;
}

function isPlain(url: string | undefined): boolean {
  return url !== undefined && /^http:/i.test(url);
}

function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || isLoopbackAddress(bare);
}

/** Decided by the text alone: a public address, or a name that public DNS may resolve. */
function isPublicHost(url: string): boolean {
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  return isIP(host) === 0 ? !isPrivateName(host) : isPublicAddress(host);
}

const LIFTED: Record<PlaintextName, string> = {
  s3: 'the object store may be reached without TLS: sealed objects and access patterns cross the network in clear',
  kms: 'the key service may be reached without TLS: tenant keys cross the network in clear',
  redis: 'Redis may be reached without TLS: its password, ids and gates cross the network in clear',
  provider: 'a provider may be reached without TLS: its access token crosses the network in clear',
  public: 'consumers may reach the API without TLS: images, results and API keys cross the network in clear',
};

/** One finding per name that `ALLOW_PLAINTEXT` lifts. */
export function adviseOnPlaintext(allowed: readonly PlaintextName[] | undefined): Advice[] {
  return [...new Set(allowed)].map((name) => ({
    code: `plaintext_${name}`,
    text: `take ${name} out of ALLOW_PLAINTEXT: ${LIFTED[name]}`,
  }));
}

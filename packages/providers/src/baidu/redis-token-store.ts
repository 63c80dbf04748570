/**
 * The token store in Redis: it stores the token sealed, and every command has a time limit, because a Redis that is
 * away must cost a call a moment and not its deadline.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';
import { DefectError, TransientError } from '@cardseal/base/errors';
import { loadLua } from '@cardseal/base/lua';
import type { Cluster, Redis } from 'ioredis';
import type { StoredToken, TokenStore } from './token-store.ts';

export interface RedisTokenStoreOptions {
  readonly redis: Redis | Cluster;
  /** Prefix of every key, for example `{cardseal}:`. */
  readonly keyPrefix: string;
  readonly credentialId: string;
  /** The API key that the tokens belong to: after a replacement, tokens of the old key do not open. */
  readonly apiKey: string;
  /** 32 bytes; equal for all workers. */
  readonly sealKey: () => Promise<Buffer>;
  readonly clock: Clock;
  readonly commandTimeoutMs?: number;
}

const RELEASE = loadLua(new URL('lua/release-lock.lua', import.meta.url));

export function redisTokenStore(options: RedisTokenStoreOptions): TokenStore {
  const { redis, keyPrefix, credentialId, apiKey, sealKey, clock, commandTimeoutMs = 1_000 } = options;
  const tokenKey = `${keyPrefix}token:${credentialId}`;
  const lockKey = `${tokenKey}:lock`;
  const owner = additionalData(tokenKey, apiKey);
  const key = async () => {
    const bytes = await sealKey();
    if (bytes.length !== 32) throw new DefectError('token_seal_key_size');
    return bytes;
  };
  const within = <T>(command: Promise<T>) => bounded(command, commandTimeoutMs);
  return {
    async read() {
      const sealed = await within(redis.getBuffer(tokenKey));
      const stored = sealed && openToken(await key(), owner, sealed);
      return stored && stored.expiresAtMs > clock.now() ? stored : null;
    },
    async write(token) {
      const lifeMs = token.expiresAtMs - clock.now();
      if (lifeMs <= 0) return;
      const sealed = sealToken(await key(), owner, token);
      await within(redis.set(tokenKey, sealed, 'PX', Math.ceil(lifeMs)));
    },
    async lock(ttlMs) {
      const mine = randomBytes(16).toString('base64url');
      const won = await within(redis.set(lockKey, mine, 'PX', ttlMs, 'NX'));
      return won === 'OK' ? async () => void (await within(redis.eval(RELEASE, 1, lockKey, mine))) : null;
    },
  };
}

async function bounded<T>(command: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TransientError('token_store_timeout')), timeoutMs);
  });
  try {
    return await Promise.race([command, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Format 2: byte 2, 12 bytes of nonce, ciphertext, 16 bytes of tag. The associated data binds the value to its Redis
 * key and to the API key. Otherwise a renewed API key would use the token of the revoked one until that expires.
 */
const FORMAT = 2;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const additionalData = (tokenKey: string, apiKey: string) =>
  Buffer.from(`cardseal/access-token/${FORMAT}/${tokenKey}/${apiKey}`);

function sealToken(sealKey: Buffer, owner: Buffer, token: StoredToken): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealKey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(owner);
  const parts = [cipher.update(JSON.stringify(token), 'utf8'), cipher.final()];
  return Buffer.concat([Buffer.of(FORMAT), nonce, ...parts, cipher.getAuthTag()]);
}

/** A value that cannot be opened (another key, tampering) counts as absent: the next fetch overwrites it. */
function openToken(sealKey: Buffer, owner: Buffer, sealed: Buffer): StoredToken | null {
  try {
    if (sealed[0] !== FORMAT) return null;
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', sealKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(owner);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const body = sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES);
    return JSON.parse(Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')) as StoredToken;
  } catch {
    return null;
  }
}

// Access tokens. Each contains its credential and expiry, so that a restarted emulator still accepts the tokens it issued.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credential, EmulatorConfig } from '../config.ts';

export type TokenVerdict =
  | { state: 'valid'; credential: Credential }
  | { state: 'missing' | 'unknown' | 'expired'; credential?: Credential };

export interface Tokens {
  /** A new token, or the provider's error description of an HTTP 401. */
  issue(apiKey: string, secretKey: string): { token: string } | { refused: string };
  verify(token: string | null): TokenVerdict;
  /** Makes one valid token expired or unknown. Other tokens of its credential stay valid. */
  revoke(token: string, as: 'expired' | 'unknown'): void;
  forgetRevoked(): void;
}

export function createTokens(config: EmulatorConfig, secret: Buffer, now: () => number): Tokens {
  const byId = new Map(config.credentials.map((credential) => [credential.id, credential]));
  const byApiKey = new Map(config.credentials.map((credential) => [credential.api_key, credential]));
  const revoked = new Map<string, 'expired' | 'unknown'>();
  const sign = (payload: string) => createHmac('sha256', secret).update(payload).digest('base64url');
  return {
    issue(apiKey, secretKey) {
      const credential = byApiKey.get(apiKey);
      if (!credential) return { refused: 'unknown client id' };
      if (credential.secret_key !== secretKey) return { refused: 'Client authentication failed' };
      const expiresAtS = Math.floor(now() / 1000) + config.tokenLifetimeS;
      const id = Buffer.from(credential.id).toString('base64url');
      const payload = `${randomBytes(12).toString('hex')}.${expiresAtS}.${id}`;
      return { token: `24.${payload}.${sign(payload)}` };
    },
    verify(token) {
      if (!token) return { state: 'missing' };
      const [version, nonce, expiresAtS = '', id = '', signature = ''] = token.split('.');
      const credential = byId.get(Buffer.from(id, 'base64url').toString());
      if (version !== '24' || !credential || !equal(signature, sign(`${nonce}.${expiresAtS}.${id}`))) {
        return { state: 'unknown' };
      }
      const state = revoked.get(token) ?? (Number(expiresAtS) * 1000 <= now() ? 'expired' : 'valid');
      return { state, credential };
    },
    revoke: (token, as) => void revoked.set(token, as),
    forgetRevoked: () => revoked.clear(),
  };
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

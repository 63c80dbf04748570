/**
 * Requests an access token from the provider's token endpoint. The keys go into the body and never into the URL, and
 * neither they nor the text of the response may reach an error.
 */
import { CardsealError, DefectError, TransientError } from '@cardseal/base/errors';
import type { IdCardClient } from './id-card-client.ts';
import type { FetchToken } from './token-source.ts';

const TOKEN_PATH = '/oauth/2.0/token';
/** Used when the token endpoint returns no lifetime: the published one. */
const DEFAULT_LIFE_S = 2_592_000;

/**
 * @returns a function that throws DefectError `upstream_credential_refused` (401 `invalid_client`, class
 * `configuration`) or TransientError `upstream_token_unavailable`.
 */
export function createTokenFetcher(client: IdCardClient): FetchToken {
  return async (apiKey, secretKey) => {
    const form = { grant_type: 'client_credentials', client_id: apiKey, client_secret: secretKey };
    const body = Buffer.from(new URLSearchParams(form).toString(), 'latin1');
    const { status, bytes } = await client.send({ path: TOKEN_PATH, body }).catch((cause) => {
      throw tokenUnavailable(errnoOf(cause), cause);
    });
    const answer = parse(bytes);
    if (status === 401 || answer.error === 'invalid_client') {
      throw new DefectError('upstream_credential_refused', {
        fields: { upstreamClass: 'configuration', billed: 'no', httpStatus: status },
      });
    }
    if (status !== 200 || typeof answer.access_token !== 'string' || answer.access_token === '') {
      throw tokenUnavailable({ httpStatus: status });
    }
    const expiresInS = Number(answer.expires_in);
    return { token: answer.access_token, expiresInS: expiresInS > 0 ? expiresInS : DEFAULT_LIFE_S };
  };
}

function parse(bytes: Buffer): { error?: unknown; access_token?: unknown; expires_in?: unknown } {
  try {
    return Object(JSON.parse(bytes.toString('utf8')));
  } catch {
    return {};
  }
}

function errnoOf(error: unknown): { errno?: string } {
  const errno = error instanceof CardsealError ? error.fields.errno : undefined;
  return typeof errno === 'string' ? { errno } : {};
}

function tokenUnavailable(fields: { httpStatus?: number; errno?: string }, cause?: unknown): TransientError {
  return new TransientError('upstream_token_unavailable', {
    cause,
    fields: { ...fields, upstreamClass: 'transient', billed: 'no' },
  });
}

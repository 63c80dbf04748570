// POST /oauth/2.0/token: exchanges client credentials for an access token. As at the provider, parameters may be in the body or the
// query.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '../context.ts';
import { readBody, sendJson } from '../http.ts';

const MAX_BODY_BYTES = 16_384;

export async function handleToken(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  context.journal.countTokenRequest();
  const body = new URLSearchParams((await readBody(request, MAX_BODY_BYTES)).toString('utf8'));
  const read = (name: string) => body.get(name) ?? url.searchParams.get(name) ?? '';
  if (read('grant_type') !== 'client_credentials') {
    const description = 'The authorization grant type is not supported';
    return sendJson(response, 400, { error: 'unsupported_grant_type', error_description: description });
  }
  const issued = context.tokens.issue(read('client_id'), read('client_secret'));
  if ('refused' in issued) {
    return sendJson(response, 401, { error: 'invalid_client', error_description: issued.refused });
  }
  sendJson(response, 200, {
    refresh_token: `25.${issued.token.slice(3, 27)}`,
    expires_in: context.config.tokenLifetimeS,
    session_key: '',
    access_token: issued.token,
    scope: 'public brain_all_scope brain_ocr_idcard',
    session_secret: '',
  });
}

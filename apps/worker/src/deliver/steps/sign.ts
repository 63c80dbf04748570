/** sign: the headers of one attempt, for exactly the bytes that are sent. */
import type { EndpointRecord } from '@cardseal/core/ledger';
import { MAX_LIVE_SECRETS, sign } from '@cardseal/webhook';

export function signMessage(
  endpoint: EndpointRecord,
  eventId: string,
  body: Buffer,
  nowMs: number,
): Record<string, string> {
  const secrets = endpoint.secrets
    .filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
    .slice(0, MAX_LIVE_SECRETS)
    .map(({ secret }) => secret);
  const signature = sign({ id: eventId, timestampS: Math.floor(nowMs / 1000), body, secrets });
  return { ...endpoint.headers, 'content-type': 'application/json', ...signature };
}

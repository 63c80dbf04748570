// POST /rest/2.0/ocr/v1/idcard_enc and /idcard: check token and limits when the headers arrive, read the image, respond after the
// latency. Tests depend on the order: a refused call is never read, and an admitted one is recorded with its image hash before a
// fault applies.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Credential } from '../config.ts';
import type { Context } from '../context.ts';
import type { FaultRule } from '../faults/faults.ts';
import { BodyTooLarge, ClientGone, pause, readBody, skipBody } from '../http.ts';
import type { Admission } from '../limits/limiter.ts';
import type { TokenVerdict } from '../token/tokens.ts';
import { type Answer, type Exchange, sendAnswer, spoil } from './answer.ts';
import type { Endpoint } from './open-request.ts';

/** Far above the limits of both endpoints, so that those apply first. */
const MAX_BODY_BYTES = 24 * 1024 * 1024;
const TOKEN_CODES: Record<Exclude<TokenVerdict['state'], 'valid'>, number> = {
  missing: 100,
  unknown: 110,
  expired: 111,
};
const LIMIT_CODES: Record<Exclude<Admission, 'admitted'>, number> = { qps: 18, daily: 17, total: 19 };

export async function handleCall(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  endpoint: Endpoint,
): Promise<void> {
  const atMs = context.now();
  const record = context.journal.open(atMs);
  const exchange: Exchange = { context, response, record };
  const token = tokenOf(url);
  const verdict = context.tokens.verify(token);
  record.credential = verdict.credential?.id ?? null;
  const refusal =
    verdict.state === 'valid' ? refusedByLimits(context, verdict.credential, atMs) : TOKEN_CODES[verdict.state];
  if (verdict.state !== 'valid' || refusal !== undefined) {
    await skipBody(request);
    return sendAnswer(exchange, { error: refusal ?? 110 });
  }
  context.journal.admit(atMs);
  const fault = context.faults.draw(verdict.credential.id);
  const delayMs = context.latency.drawMs();
  const answer = await readAnswer(exchange, request, endpoint, verdict.credential);
  if (answer === 'gone') return context.journal.close(record, 'failed', 'client_gone');
  revokeIfAsked(context, fault, token ?? '');
  await pause(atMs + delayMs - context.now(), context.stopping.signal);
  return fault ? spoil(exchange, answer, fault) : sendAnswer(exchange, answer);
}

/** The provider accepts a second query, `?aipSdk=node`, which its Node SDK appends to the token. [C] */
export function tokenOf(url: URL): string | null {
  return url.searchParams.get('access_token')?.split('?')[0] ?? null;
}

function refusedByLimits(context: Context, credential: Credential, atMs: number): number | undefined {
  const admission = context.limiter.admit(credential.id, atMs);
  return admission === 'admitted' ? undefined : LIMIT_CODES[admission];
}

function revokeIfAsked(context: Context, fault: FaultRule | undefined, token: string): void {
  if (fault?.kind === 'token_expired') context.tokens.revoke(token, 'expired');
  if (fault?.kind === 'token_invalid') context.tokens.revoke(token, 'unknown');
}

async function readAnswer(
  { context, response, record }: Exchange,
  request: IncomingMessage,
  endpoint: Endpoint,
  credential: Credential,
): Promise<Answer | 'gone'> {
  try {
    const body = await readBody(request, MAX_BODY_BYTES);
    const job = { body, endpoint, aesKey: credential.aes_key, logId: context.nextLogId() };
    const { side, imageSha256, answer } = await context.reader.read(job);
    record.side = side;
    record.image_sha256 = imageSha256;
    return 'error' in answer ? answer : { ...answer, imageSha256: imageSha256 ?? '' };
  } catch (error) {
    if (error instanceof ClientGone) return 'gone';
    if (!(error instanceof BodyTooLarge)) throw error;
    response.setHeader('connection', 'close');
    return { status: 413 };
  }
}

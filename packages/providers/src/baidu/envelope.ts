/**
 * Reads the part of the provider's response that is in the clear: an encrypted reply or an error. The bytes decide and
 * not the content type: a wrong header must not discard a paid reply.
 */
import { DefectError } from '@cardseal/base/errors';
import { classifyHttpStatus, classifyProviderCode, classifyTransport } from './classify.ts';
import type { UpstreamResponse } from './id-card-client.ts';
import type { ReplyEnvelope } from './request-sealer.ts';

export interface EncryptedReply {
  readonly kind: 'encrypted';
  /** The members of the envelope; the sealer knows which one contains the ciphertext. */
  readonly fields: ReplyEnvelope;
  /** Exact, although the number on the wire exceeds 2^53; absent when the provider sent none. */
  readonly logId?: string;
}

/** @throws a classified error for everything but an encrypted reply. */
export function readEnvelope({ status, bytes, latencyMs }: UpstreamResponse): EncryptedReply {
  const seen = { latencyMs, httpStatus: status };
  const fields = bytes.length === 0 ? undefined : parseObject(bytes);
  const logId = fields && logIdOf(fields);
  const known = logId === undefined ? seen : { ...seen, logId };
  const providerCode = fields && codeOf(fields);
  // A code in the body is more precise than the HTTP status.
  if (providerCode !== undefined && providerCode !== 0) throw classifyProviderCode(providerCode, known);
  if (status !== 200) throw classifyHttpStatus(status, known);
  if (bytes.length === 0) throw classifyTransport('empty', seen);
  if (!fields) throw classifyTransport('not_json', seen);
  return { kind: 'encrypted', fields, ...(logId === undefined ? {} : { logId }) };
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'), exactLogId);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `log_id` is a uint64 that a JavaScript number would corrupt: its source text is kept instead. */
function exactLogId(key: string, value: unknown, context?: { source?: string }): unknown {
  if (key !== 'log_id' || typeof value !== 'number') return value;
  if (context?.source === undefined) throw new DefectError('json_source_access_missing');
  return context.source;
}

function logIdOf(fields: ReplyEnvelope): string | undefined {
  const logId = fields.log_id;
  return typeof logId === 'string' && /^\d{1,20}$/.test(logId) ? logId : undefined;
}

/** Undefined when the body contains no code. A value that is not an integer becomes the unknown code -1. */
function codeOf(fields: ReplyEnvelope): number | undefined {
  const code = fields.error_code;
  if (code === undefined || code === null) return undefined;
  const number = typeof code === 'string' && /^\d{1,9}$/.test(code) ? Number(code) : code;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : -1;
}

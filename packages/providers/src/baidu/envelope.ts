/**
 * Reads the provider's answer as far as it stands in clear: either an encrypted reply or an error. The bytes decide,
 * not the content type: a paid reply must not be thrown away for a wrong header.
 */
import { DefectError } from '@cardseal/base/errors';
import { classifyHttpStatus, classifyProviderCode, classifyTransport } from './classify.ts';
import type { UpstreamResponse } from './id-card-client.ts';
import type { ReplyEnvelope } from './request-sealer.ts';

export interface EncryptedReply {
  readonly kind: 'encrypted';
  /** The envelope's members; which one holds the ciphertext is the sealer's affair. */
  readonly fields: ReplyEnvelope;
  /** Exact, though it is a number above 2^53 on the wire; absent when the provider sent none. */
  readonly logId?: string;
}

/** @throws a classified error for everything that is not an encrypted reply. */
export function readEnvelope({ status, bytes, latencyMs }: UpstreamResponse): EncryptedReply {
  const seen = { latencyMs, httpStatus: status };
  const fields = bytes.length === 0 ? undefined : parseObject(bytes);
  const logId = fields && logIdOf(fields);
  const known = logId === undefined ? seen : { ...seen, logId };
  const providerCode = fields && codeOf(fields);
  // A code in the body says more than the status above it.
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

/** Undefined when the body names no code; NaN cannot occur: what is no integer counts as the unknown code -1. */
function codeOf(fields: ReplyEnvelope): number | undefined {
  const code = fields.error_code;
  if (code === undefined || code === null) return undefined;
  const number = typeof code === 'string' && /^\d{1,9}$/.test(code) ? Number(code) : code;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : -1;
}

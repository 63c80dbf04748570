// Sends the response of a call, normal or changed by a fault, and records in the journal how the call ended.
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Context } from '../context.ts';
import type { CallOutcome, CallRecord } from '../control/journal.ts';
import type { FaultRule } from '../faults/faults.ts';
import { pause, sendText } from '../http.ts';
import { errorBody } from './errors.ts';
import { sealedEnvelope } from './request-reader.ts';

export interface Exchange {
  context: Context;
  response: ServerResponse;
  record: CallRecord;
}

/** A reading ready to send, a provider error, or only an HTTP status. `cipherBytes` is 0 for an unencrypted reply. */
type Reply = { body: string; imageSha256: string; cipherBytes: number };
export type Answer = Reply | { error: number } | { status: number };

const JSON_TYPE = 'application/json;charset=utf-8';
const DRIP_INTERVAL_MS = 100;
const QUOTA_CODES = new Set([17, 19, 216604]);

export function sendAnswer(exchange: Exchange, answer: Answer): void {
  if ('error' in answer) sendError(exchange, answer.error);
  else if ('status' in answer) sendStatus(exchange, answer.status);
  else sendReply(exchange, answer);
}

/** Applies a fault. Faults that change a reading leave error responses unchanged. */
export function spoil(exchange: Exchange, answer: Answer, fault: FaultRule): void | Promise<void> {
  const { context, response, record } = exchange;
  const spoilt = (body: string) => {
    context.journal.close(record, 'spoilt', fault.kind);
    sendText(response, 200, JSON_TYPE, body);
  };
  switch (fault.kind) {
    case 'error':
      return sendError(exchange, fault.code ?? 1);
    case 'token_expired':
      return sendError(exchange, 111);
    case 'token_invalid':
      return sendError(exchange, 110);
    case 'http':
      return sendStatus(exchange, fault.status ?? 503);
    case 'html':
      context.journal.close(record, 'failed', 'html');
      return sendText(response, 200, 'text/html', '<html><body><h1>Service is busy</h1></body></html>');
    case 'empty':
      context.journal.close(record, 'failed', 'empty');
      return sendText(response, 200, JSON_TYPE, '');
    case 'hang':
      return context.journal.close(record, 'spoilt', 'hang');
    case 'reset':
      context.journal.close(record, 'spoilt', 'reset');
      response.socket?.resetAndDestroy();
      return;
  }
  if (!('body' in answer)) return sendAnswer(exchange, answer);
  switch (fault.kind) {
    case 'truncate':
      return spoilt(answer.body.slice(0, Math.floor(answer.body.length / 2)));
    case 'garbage_cipher':
      return spoilt(garbage(context, answer));
    case 'swap_reply':
      return spoilt(othersReply(context, answer));
    case 'slow_drip':
      return drip(exchange, answer, fault.interval_ms ?? DRIP_INTERVAL_MS);
  }
}

function sendReply(exchange: Exchange, { imageSha256, body }: Reply): void {
  const { context, response, record } = exchange;
  context.journal.close(record, 'accepted', 0);
  noteDelivery(exchange);
  context.lastReply = { imageSha256, body };
  sendText(response, 200, JSON_TYPE, body);
}

function sendError({ context, response, record }: Exchange, code: number): void {
  context.journal.close(record, outcomeOf(code), code);
  sendText(response, 200, JSON_TYPE, errorBody(code, context.nextLogId()));
}

function outcomeOf(code: number): CallOutcome {
  if (code === 18) return 'rejected_qps';
  return QUOTA_CODES.has(code) ? 'rejected_quota' : 'failed';
}

function sendStatus({ context, response, record }: Exchange, status: number): void {
  context.journal.close(record, 'failed', `http_${status}`);
  sendText(response, status, 'text/html', `<html><body>${status}</body></html>`);
}

/** Random bytes of the right length instead of the ciphertext. */
function garbage(context: Context, { cipherBytes }: Reply): string {
  return sealedEnvelope(context.config.replyField, context.nextLogId(), randomBytes(Math.max(16, cipherBytes)));
}

/** The reply of the last call with another image; random bytes if there is none yet. */
function othersReply(context: Context, answer: Reply): string {
  const { imageSha256, body } = context.lastReply;
  return body === '' || imageSha256 === answer.imageSha256 ? garbage(context, answer) : body;
}

/** Sends one byte at a time. The call counts as accepted, because a client that waits long enough gets the whole response. */
async function drip(exchange: Exchange, { body }: Reply, intervalMs: number): Promise<void> {
  const { context, response, record } = exchange;
  context.journal.close(record, 'accepted', 0);
  noteDelivery(exchange);
  const bytes = Buffer.from(body);
  response.writeHead(200, { 'content-type': JSON_TYPE, 'content-length': bytes.length });
  for (const byte of bytes) {
    if (response.destroyed || !(await pause(intervalMs, context.stopping.signal))) return;
    response.write(Buffer.from([byte]));
  }
  response.end();
}

function noteDelivery({ response, record }: Exchange): void {
  if (response.destroyed) record.outcome = 'undelivered';
  response.once('close', () => {
    if (!response.writableFinished) record.outcome = 'undelivered';
  });
}

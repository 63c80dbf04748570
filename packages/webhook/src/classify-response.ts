/**
 * The result of one attempt: a closed set of classes, and the one table of their consequences. Pure. Nothing here reads
 * a message text. The stage of an error decides whose fault it is, never a list of known codes: what comes out of a
 * name lookup, a connection, a handshake or a response belongs to the receiver, also when the error code is unknown.
 */

import { RejectedError } from '@cardseal/base/errors';

export type DeliveryClass =
  | 'delivered'
  | 'redirect'
  | 'gone'
  | 'client_error'
  | 'throttling'
  | 'server_error'
  | 'timeout'
  | 'connection'
  | 'tls'
  | 'target_refused';

export type FailureClass = Exclude<DeliveryClass, 'delivered'>;

/** What sending ended with: a status line, or an error before or after it. */
export type Answer = { status: number } | { error: unknown };

/** How far an attempt got before it failed. `tls` is the handshake; `headers` lasts until the response's head ends. */
export type FailureStage = 'resolve' | 'connect' | 'tls' | 'headers';

/** An error that arose at the receiver, or on the way to it. Everything else that a sender throws is its own fault. */
export class ReceiverFailure extends Error {
  readonly stage: FailureStage;

  constructor(stage: FailureStage, options: { cause: unknown }) {
    super(`webhook_receiver_failed_at_${stage}`, options);
    this.name = 'ReceiverFailure';
    this.stage = stage;
  }
}

/**
 * `budget`: tries a delivery has (`full` schedule, `short` one, `none`: over at once, `parked`: kept for a person).
 * `endpoint`: what it means for everything else bound there: `throttle` halves its cap, `disable` stops it.
 */
export interface Consequence {
  budget: 'full' | 'short' | 'none' | 'parked';
  endpoint: 'none' | 'throttle' | 'disable';
}

export const CONSEQUENCES: Readonly<Record<FailureClass, Consequence>> = {
  redirect: { budget: 'full', endpoint: 'none' },
  gone: { budget: 'parked', endpoint: 'disable' },
  client_error: { budget: 'short', endpoint: 'none' },
  throttling: { budget: 'full', endpoint: 'throttle' },
  server_error: { budget: 'full', endpoint: 'throttle' },
  timeout: { budget: 'full', endpoint: 'throttle' },
  connection: { budget: 'full', endpoint: 'none' },
  tls: { budget: 'full', endpoint: 'none' },
  target_refused: { budget: 'none', endpoint: 'none' },
};

/** 429 asks for less; 502, 503 and 504 come from a proxy whose backend is away. */
const THROTTLING_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const TIMEOUT_CODES: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);

/** No files, ports, buffers or memory left on this machine. */
const SHORTAGE_CODES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

/** TLS 1.3 reports some refusals (a client certificate is required, …) only after the handshake, as an alert. */
const TLS_ALERT = /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/;

/** The class of a response; `undefined` for an error on Cardseal's side: a defect or a shortage. */
export function classifyResponse(answer: Answer): DeliveryClass | undefined {
  return 'status' in answer ? classifyStatus(answer.status) : classifyError(answer.error);
}

function classifyStatus(status: number): DeliveryClass {
  if (status >= 200 && status < 300) return 'delivered';
  if (status >= 300 && status < 400) return 'redirect';
  if (status === 410) return 'gone';
  if (THROTTLING_STATUS.has(status)) return 'throttling';
  if (status >= 400 && status < 500) return 'client_error';
  return 'server_error';
}

function classifyError(error: unknown): DeliveryClass | undefined {
  if (error instanceof RejectedError && error.code === 'webhook_target_refused') return 'target_refused';
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  if (!(error instanceof ReceiverFailure) || isShortage(error)) return undefined;
  const code = codeOf(error.cause);
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  const isTls = error.stage === 'tls' || (error.stage === 'headers' && TLS_ALERT.test(code));
  return isTls ? 'tls' : 'connection';
}

/** Whether this machine lacks something that a connection needs, which says nothing about the receiver. */
export function isShortage(error: unknown): boolean {
  return error instanceof ReceiverFailure && SHORTAGE_CODES.has(codeOf(error.cause));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

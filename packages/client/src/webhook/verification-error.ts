/** Why a webhook is not to be believed. Carries a reason, never the body or the secret. */

export type VerificationFailure =
  | 'body_not_raw'
  | 'header_missing'
  | 'timestamp_invalid'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'secret_invalid'
  | 'signature_mismatch'
  | 'body_invalid';

/** Reasons that are mistakes of the program which verifies, with what it should do. */
const ADVICE: Partial<Record<VerificationFailure, string>> = {
  body_not_raw:
    'pass the raw bytes of the request body as a Buffer, Uint8Array or string, before any parser; ' +
    'a parsed body cannot be verified (Express: `express.raw`; an ArrayBuffer: `new Uint8Array(buffer)`)',
  secret_invalid: 'pass the `whsec_…` secret of the endpoint, or a list of them',
};

export class WebhookVerificationError extends Error {
  readonly reason: VerificationFailure;

  constructor(reason: VerificationFailure) {
    super(`webhook not verified: ${reason}${ADVICE[reason] ? `: ${ADVICE[reason]}` : ''}`);
    this.name = 'WebhookVerificationError';
    this.reason = reason;
  }
}

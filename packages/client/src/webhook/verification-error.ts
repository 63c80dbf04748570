/** Why a webhook is not to be believed. Carries a reason, never the body or the secret. */

export type VerificationFailure =
  | 'header_missing'
  | 'timestamp_invalid'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'secret_invalid'
  | 'signature_mismatch'
  | 'body_invalid';

export class WebhookVerificationError extends Error {
  readonly reason: VerificationFailure;

  constructor(reason: VerificationFailure) {
    super(`webhook not verified: ${reason}`);
    this.name = 'WebhookVerificationError';
    this.reason = reason;
  }
}

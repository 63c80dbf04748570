export { decryptPayload } from './decrypt.ts';
export { type VerificationFailure, WebhookVerificationError } from './verification-error.ts';
export { type VerifyInput, verifySignature, verifyWebhook, type WebhookEvent, type WebhookHeaders } from './verify.ts';

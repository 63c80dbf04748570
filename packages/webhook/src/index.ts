export { cidrRanges, isLoopbackAddress, isPublicAddress } from './address.ts';
export {
  type Answer,
  CONSEQUENCES,
  type Consequence,
  classifyResponse,
  type DeliveryClass,
  type FailureClass,
} from './classify-response.ts';
export { type EncryptInput, encryptPayload } from './encrypt-payload.ts';
export { readEndpointHeaders } from './endpoint-headers.ts';
export { type EventSubject, eventIdFor } from './event-id.ts';
export {
  type KeyWrapping,
  type PublicKeyProblem,
  type RecipientKey,
  validateRecipientKey,
} from './recipient-key.ts';
export { type Resolve, systemResolve, wireResolve } from './resolve.ts';
export { MAX_RETRY_AFTER_MS, parseRetryAfter } from './retry-after.ts';
export {
  ATTEMPT_DELAYS_MS,
  type DeliveryFailure,
  type EndpointEffect,
  endpointEffect,
  JITTER_RATIO,
  type NextAttempt,
  type NextAttemptInput,
  nextAttempt,
  SHORT_BUDGET,
} from './schedule.ts';
export {
  createWebhookSender,
  DEFAULT_DEADLINE_MS,
  MAX_DEADLINE_MS,
  type SendInput,
  type SendResult,
  sendWebhook,
  type WebhookSender,
  type WebhookSenderOptions,
} from './send.ts';
export { MAX_LIVE_SECRETS, newSecret, type SignatureHeaders, type SignInput, sign } from './sign.ts';
export { createTargetGuard, type TargetGuard, type TargetGuardOptions, type TargetTls } from './ssrf-guard.ts';
export { isPrivateName } from './target.ts';
export { readTargetEntry, splitTargets, targetListProblems } from './target-list.ts';

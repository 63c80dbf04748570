export { cidrRanges, isLoopbackAddress, isPublicAddress } from './address.ts';
export {
  type Answer,
  CONSEQUENCES,
  type Consequence,
  classifyAnswer,
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
  type DeliveryFailure,
  type EndpointEffect,
  endpointEffect,
  JITTER_RATIO,
  type NextTry,
  type NextTryInput,
  nextTry,
  SHORT_BUDGET,
  TRY_DELAYS_MS,
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

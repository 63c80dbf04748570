export type { Batches, BatchWaitOptions } from './batches.ts';
export { type CardsealClient, createClient } from './client.ts';
export type { Abortable, Jobs, Keyed, WaitOptions } from './jobs.ts';
export { ConnectionError, type FieldProblem, ProblemError } from './problem-error.ts';
export type { TransportOptions } from './transport.ts';
export * from './types.ts';
export type { PictureType, Uploads } from './uploads.ts';
export type { DeliveryQuery, WebhookEndpoints } from './webhook-endpoints.ts';

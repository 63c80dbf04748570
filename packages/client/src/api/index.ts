export type { Batches, BatchWaitOptions } from './batches.ts';
export { type CardsealClient, createClient } from './client.ts';
export type { Abortable, Jobs, WaitOptions } from './jobs.ts';
export { ConnectionError, type FieldProblem, ProblemError } from './problem-error.ts';
export type { TransportOptions } from './transport.ts';
export * from './types.ts';
export type { PictureType, Uploads, UploadTicket } from './uploads.ts';

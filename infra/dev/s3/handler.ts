// Handles one request: parse the target, count it, apply faults, check the signature, perform the operation, respond. Only this
// file turns thrown errors into responses.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import * as buckets from './bucket-operations.ts';
import { controlPath, handleControl } from './control.ts';
import type { FaultRule, Faults } from './faults.ts';
import * as objects from './object-operations.ts';
import { type OperationHandler, operationName, type S3Response } from './operation.ts';
import { asS3Error, errorXml, type RequestIds, S3Error } from './s3-error.ts';
import { sendFaulty, sendResponse } from './send-response.ts';
import { type Credentials, verifySignature } from './signature.ts';
import type { Stats } from './stats.ts';
import type { Storage } from './storage.ts';
import { parseTarget, type Target } from './target.ts';

export type LogEvent = { event: string; [field: string]: string | number | boolean };
export type HandlerContext = {
  storage: Storage;
  credentials: readonly Credentials[];
  region: string;
  faults: Faults;
  stats: Stats;
  now: () => number;
  log: (event: LogEvent) => void;
};

const handlers: Record<string, OperationHandler> = {
  ListBuckets: buckets.listBuckets,
  CreateBucket: buckets.createBucket,
  HeadBucket: buckets.headBucket,
  DeleteBucket: buckets.deleteBucket,
  ListObjectsV2: buckets.listObjects,
  GetBucketLocation: buckets.getBucketLocation,
  GetBucketVersioning: buckets.getBucketVersioning,
  PutBucketVersioning: buckets.putBucketVersioning,
  DeleteObjects: buckets.deleteObjects,
  PutObject: objects.putObject,
  CopyObject: objects.copyObject,
  GetObject: objects.getObject,
  HeadObject: objects.headObject,
  DeleteObject: objects.deleteObject,
};

export async function handleRequest(
  context: HandlerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url?.startsWith(controlPath)) return handleControl(request, response, context.faults, context.stats);
  const ids = { requestId: randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase(), hostId: randomUUID() };
  response.setHeader('x-amz-request-id', ids.requestId);
  response.setHeader('x-amz-id-2', ids.hostId);
  response.setHeader('server', 'cardseal-object-store');
  let operation = 'Unknown';
  try {
    const target = parseTarget(request.url ?? '/');
    operation = operationName(request, target);
    context.stats.count(operation, target.key);
    const faults = context.faults.take({ method: request.method ?? '', operation, key: target.key });
    if (await applyFaultsBefore(faults, request, response, ids)) return;
    const result = await perform(context, request, target, operation, faults);
    if (await sendFaulty(faults, result, request, response, ids)) return;
    await sendResponse(response, result, request.method === 'HEAD');
  } catch (thrown) {
    refuse(context, operation, thrown, request, response, ids);
  } finally {
    // Read the rest of a refused body, because otherwise the client cannot reuse the connection.
    if (!request.readableEnded) request.resume();
  }
}

async function perform(
  context: HandlerContext,
  request: IncomingMessage,
  target: Target,
  operation: string,
  faults: readonly FaultRule[],
): Promise<S3Response> {
  const { storage, region, credentials } = context;
  const nowMs = context.now();
  const signed = { method: request.method ?? '', target, headers: request.headersDistinct };
  const authorized = verifySignature(signed, { credentials, region, nowMs });
  const handler = handlers[operation];
  if (!handler) throw new S3Error('NotImplemented');
  return handler({ request, target, authorized, storage, region, nowMs, faults });
}

/** Applies the faults that act before the operation. @returns whether the request has ended. */
async function applyFaultsBefore(
  faults: FaultRule[],
  request: IncomingMessage,
  response: ServerResponse,
  ids: RequestIds,
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === 'slow') await delay(fault.delayMs);
    if (fault.kind === 'cut' && fault.when === 'before') {
      request.socket.destroy();
      return true;
    }
    if (fault.kind === 'status' && fault.when !== 'after')
      return sendFaulty([fault], undefined, request, response, ids);
  }
  return false;
}

function refuse(
  context: HandlerContext,
  operation: string,
  thrown: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  ids: RequestIds,
): void {
  if (response.destroyed || request.errored) return;
  const error = asS3Error(thrown);
  if (error.status >= 500 && !(thrown instanceof S3Error)) {
    const cause = (thrown as NodeJS.ErrnoException | null)?.code ?? (thrown as Error | null)?.name ?? 'unknown';
    context.log({ event: 'object-store.failed', operation, code: error.code, cause });
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = request.method === 'HEAD' ? undefined : errorXml(error, ids);
  const headers: Record<string, string> = { 'content-type': 'application/xml' };
  if (error.code === 'InvalidRange') headers['content-range'] = `bytes */${error.fields.ActualObjectSize}`;
  response.writeHead(error.status, headers);
  response.end(body);
}

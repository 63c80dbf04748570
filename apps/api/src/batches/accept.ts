/** Takes a batch in: each line is checked and sealed into the manifest as it arrives; the head commits them all. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type JobId, newId } from '@cardseal/core/job';
import { type BatchHead, type BatchId, type BatchLine, batchCreatedAtMs } from '@cardseal/core/ledger';
import type { Caller } from '../auth/index.ts';
import type { ApiContext } from '../context.ts';
import { Problem } from '../problems/index.ts';
import type { JobRequestBody } from '../submit/request-schema.ts';
import { createLineCheck } from './check-line.ts';
import { readLines } from './read-lines.ts';

const CHUNK_LINES = 500;
const CHUNK_BYTES = 1024 * 1024;

export interface Accepted {
  id: BatchId;
  /** True when an earlier request with the same Idempotency-Key made it. */
  replayed: boolean;
}

/** Throws Problem `batch_too_large`, `invalid_request` (no line), `idempotency_mismatch`. */
export async function acceptBatch(
  context: ApiContext,
  caller: Caller,
  body: Readable,
  idempotencyKey: string | undefined,
): Promise<Accepted> {
  const { clock, ledger, log } = context;
  const { tenant } = caller;
  const id = newId('batch', clock.now()) as BatchId;
  try {
    const { head, digest } = await writeManifest(context, caller, id, body);
    if (head.lines === 0) throw new Problem('invalid_request', 'A batch needs at least one line.');
    const standing = idempotencyKey === undefined ? id : await claim(context, tenant, id, idempotencyKey, digest);
    const replayed = standing !== id && (await ledger.batches.head(tenant, standing)) !== null;
    if (standing !== id && !replayed) await moveManifest(context, tenant, id, standing, head.chunks);
    if (!replayed) {
      const cards = head.lines - head.rejected.length;
      if (caller.limits) await context.limits.spend({ ...caller, limits: caller.limits }, cards);
      await ledger.batches.commit(tenant, standing, { ...head, createdAtMs: batchCreatedAtMs(standing) });
      context.usage.note(caller, 'cards', cards);
      log.info('batch.accepted', { tenant, count: cards });
    }
    if (standing !== id) await ledger.batches.discard(tenant, id);
    return { id: standing, replayed };
  } catch (error) {
    await ledger.batches.discard(tenant, id).catch(() => {});
    throw error;
  }
}

async function writeManifest(
  context: ApiContext,
  { tenant, apiKeyId }: Caller,
  id: BatchId,
  body: Readable,
): Promise<{ head: BatchHead; digest: string }> {
  const check = createLineCheck(context, tenant);
  const digest = createHash('sha256');
  const head: BatchHead = { v: 1, createdAtMs: 0, apiKeyId, lines: 0, blank: [], rejected: [], chunks: 0 };
  let chunk: BatchLine<JobRequestBody>[] = [];
  let chunkBytes = 0;
  let last = 0;
  const flush = async () => {
    if (chunk.length > 0) await context.ledger.batches.putChunk(tenant, id, head.chunks++, chunk);
    chunk = [];
    chunkBytes = 0;
  };
  for await (const { line, text } of readLines(body)) {
    for (let blank = last + 1; blank < line; blank++) head.blank.push(blank);
    last = line;
    head.lines++;
    digest.update(text).update('\n');
    try {
      chunk.push({ line, request: await check(text) });
      chunkBytes += text.length;
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      head.rejected.push({ line, code: error.code, detail: describe(error) });
    }
    if (chunk.length >= CHUNK_LINES || chunkBytes >= CHUNK_BYTES) await flush();
  }
  await flush();
  return { head, digest: digest.digest('hex') };
}

function describe({ message, errors = [] }: Problem): string {
  return [message, ...errors.slice(0, 3).map(({ pointer, detail }) => `${pointer}: ${detail}`)].join(' ');
}

async function claim(
  { ledger }: ApiContext,
  tenant: string,
  id: BatchId,
  key: string,
  digest: string,
): Promise<BatchId> {
  const fingerprint = await ledger.idempotency.fingerprint(tenant, [digest]);
  // A claim holds the id of what was made; here it is a batch.
  const ours = { job: id as unknown as JobId, fingerprint };
  const standing = await ledger.idempotency.claim(tenant, 'POST /v1/batches', key, ours);
  if (standing.fingerprint !== fingerprint) throw new Problem('idempotency_mismatch');
  return standing.job as unknown as BatchId;
}

/** After a crash between claim and commit the claimed id has no head yet: it gets what we have read. */
async function moveManifest({ ledger }: ApiContext, tenant: string, from: BatchId, to: BatchId, chunks: number) {
  for (let at = 0; at < chunks; at++) {
    await ledger.batches.putChunk(tenant, to, at, (await ledger.batches.chunk(tenant, from, at)) ?? []);
  }
}

/** Accepts a batch: each line is checked and sealed into the manifest as it arrives, and the head commits them all. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { CardsealError, TransientError } from '@cardseal/base/errors';
import { type JobId, newId } from '@cardseal/core/job';
import {
  type BatchId,
  type BatchLine,
  type BatchManifest,
  type BatchRound,
  batchCreatedAtMs,
  type HeadDraft,
} from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { Problem } from '../../http/problems/index.ts';
import type { JobRequestBody } from '../../pipeline/submit/request-schema.ts';
import { createLineCheck } from './check-line.ts';
import { readLine } from './read-line.ts';
import { type Line, readLines } from './read-lines.ts';

const CHUNK_LINES = 500;
const CHUNK_BYTES = 1024 * 1024;

const LONG_LINE = 'A line of a batch has at most 1 MiB. Upload larger images first, or name them in your bucket.';

export interface Accepted {
  id: BatchId;
  /** The committed batch; null when another request with the same Idempotency-Key created it. */
  round: BatchRound | null;
}

/** Throws Problem `batch_too_large` (lines), `invalid_request` (no line), `idempotency_mismatch`, or one of a limit. */
export async function acceptBatch(
  context: ApiContext,
  caller: Caller,
  body: Readable,
  idempotencyKey: string | undefined,
): Promise<Accepted> {
  const { clock, ledger } = context;
  const { tenant } = caller;
  const own = await ledger.intake.batches.begin(tenant, newId('batch', clock.now()) as BatchId);
  const { id } = own.opened;
  // The claim may be stored even if its response was lost: from then on other requests may use this id.
  let claimed = false;
  try {
    const { head, digests } = await writeManifest(context, caller, own, body);
    if (head.lines === 0) throw new Problem('invalid_request', 'A batch needs at least one line.');
    claimed = idempotencyKey !== undefined;
    const standing = idempotencyKey === undefined ? id : await claim(context, tenant, id, idempotencyKey, digests);
    claimed &&= standing === id;
    if (standing === null) throw new Problem('idempotency_mismatch');
    if (standing === id) return await commit(context, caller, own, head);
    const accepted = await joinStanding(context, caller, own, standing, head);
    await own.drop({ alone: true }).catch(() => {});
    return accepted;
  } catch (error) {
    // A write without a response may still arrive at the store: then the marker stays, and the batch loop takes care
    // of it.
    await own.drop({ alone: !claimed && !(error instanceof CardsealError) }).catch(() => {});
    throw error;
  }
}

type Draft = Omit<HeadDraft, 'createdAtMs'>;

/** Digests of the meaning and of the text of the lines: processes of an earlier version compared the text. */
interface Digests {
  meaning: string;
  text: string;
}

async function writeManifest(
  context: ApiContext,
  { tenant, apiKeyId }: Caller,
  manifest: BatchManifest,
  body: Readable,
): Promise<{ head: Draft; digests: Digests }> {
  const check = createLineCheck(context, tenant);
  const meaning = createHash('sha256');
  const text = createHash('sha256');
  const head: Draft = { apiKeyId, lines: 0, blank: [], rejected: [] };
  let chunk: BatchLine<JobRequestBody>[] = [];
  let chunkBytes = 0;
  let last = 0;
  const flush = async () => {
    if (chunk.length > 0) await manifest.put(chunk);
    chunk = [];
    chunkBytes = 0;
  };
  for await (const { line, ...one } of readLines(body)) {
    for (let blank = last + 1; blank < line; blank++) head.blank.push(blank);
    last = line;
    head.lines++;
    // The bytes of a line over the limit are gone. Its digest keeps the comparison exact.
    const read = one.bytes === null ? null : readLine(one.bytes);
    meaning.update(read?.meaning ?? digestOf(one)).update('\n');
    text.update(one.bytes?.toString().trim() ?? digestOf(one)).update('\n');
    try {
      if (read === null) throw new Problem('body_too_large', LONG_LINE);
      chunk.push({ line, request: await check(read) });
      chunkBytes += one.bytes?.length ?? 0;
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      head.rejected.push({ line, code: error.code, detail: describe(error) });
    }
    if (chunk.length >= CHUNK_LINES || chunkBytes >= CHUNK_BYTES) await flush();
  }
  await flush();
  return { head, digests: { meaning: meaning.digest('hex'), text: text.digest('hex') } };
}

function digestOf(line: Line): string {
  return 'digest' in line ? line.digest : '';
}

function describe({ message, errors = [] }: Problem): string {
  return [message, ...errors.slice(0, 3).map(({ pointer, detail }) => `${pointer}: ${detail}`)].join(' ');
}

/** The id that belongs to the key; null when the key was used for another request. */
async function claim(
  { ledger }: ApiContext,
  tenant: string,
  id: BatchId,
  key: string,
  digests: Digests,
): Promise<BatchId | null> {
  const fingerprint = await ledger.intake.idempotency.fingerprint(tenant, [digests.meaning]);
  // A claim holds the id of the created object; here it is a batch.
  const ours = { job: id as unknown as JobId, fingerprint };
  const standing = await ledger.intake.idempotency.claim(tenant, 'POST /v1/batches', key, ours);
  const isSame =
    standing.fingerprint === fingerprint ||
    standing.fingerprint === (await ledger.intake.idempotency.fingerprint(tenant, [digests.text]));
  return isSame ? (standing.job as unknown as BatchId) : null;
}

/**
 * An earlier request claimed the id. It created the batch, is creating it, or crashed before; in the last case these
 * lines are used.
 */
async function joinStanding(
  context: ApiContext,
  caller: Caller,
  own: BatchManifest,
  standing: BatchId,
  head: Draft,
): Promise<Accepted> {
  const { batches } = context.ledger.intake;
  const { tenant } = caller;
  if ((await batches.head(tenant, standing)) !== null) return { id: standing, round: null };
  const joined = await batches.begin(tenant, standing);
  try {
    for (let at = 0; at < own.chunks(); at++) {
      const lines = await batches.chunk(tenant, own.opened.id, own, at);
      // This request paused for so long that the batch loop withdrew it.
      if (lines === null) throw new TransientError('store_batch_withdrawn');
      await joined.put(lines);
    }
    return await commit(context, caller, joined, head);
  } catch (error) {
    await joined.drop({ alone: false }).catch(() => {});
    throw error;
  }
}

async function commit(context: ApiContext, caller: Caller, manifest: BatchManifest, head: Draft): Promise<Accepted> {
  const { tenant } = caller;
  const { opened } = manifest;
  const cards = head.lines - head.rejected.length;
  await context.limits.spend(caller, cards, async () => ({ id: opened.id, queued: false }));
  if (!(await manifest.commit({ ...head, createdAtMs: batchCreatedAtMs(opened.id) }))) {
    await manifest.drop({ alone: false }).catch(() => {});
    return { id: opened.id, round: null };
  }
  context.usage.note(caller, 'cards', cards);
  context.log.info('batch.accepted', { tenant, count: cards });
  return { id: opened.id, round: opened };
}

/** The objects of one job, opened and sealed with the job's key. An object that exists is never changed. */
import { randomBytes } from 'node:crypto';
import { DefectError, RejectedError } from '@cardseal/base/errors';
import { listAll, type ObjectStore, readOpened } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, seal } from '@cardseal/sealing';
import type { JobId, JobRequest, Outcome, Side } from '../../job/index.ts';
import { paths } from '../paths.ts';
import { erasedJob } from './erased-job.ts';
import { assertRequestKept, type KeptNames, keptNames } from './inventory.ts';
import type { SealedJob } from './job-objects.ts';

/** The `request` of a withdrawn submission: a word, because a truncated response must never read as a withdrawal. */
export const WITHDRAWN = Buffer.from('withdrawn');

/**
 * @param key may still be loading while objects are read; null for a job that is gone, of which nothing can be read or
 * written.
 * @param looks whether every write checks for an erasure. Not needed when no other process knows the id, or when one
 * check after all writes replaces these checks.
 */
export function sealedJob(
  store: ObjectStore,
  tenant: string,
  job: JobId,
  key: Buffer | null | Promise<Buffer | null>,
  { looks = true } = {},
): SealedJob {
  const dataKey = Promise.resolve(key);
  // Suppress the unhandled rejection. The error surfaces at the first use of the key.
  dataKey.catch(() => {});
  const kindOf = (path: string) => path.slice(paths.job(tenant, job).length);

  async function read(path: string): Promise<Buffer | null> {
    return readOpened(store, path, async (sealed) => {
      if (sealed.equals(WITHDRAWN)) return null;
      const opener = await dataKey;
      return opener ? open(opener, { tenant, subject: job, kind: kindOf(path) }, sealed) : withoutKey();
    });
  }
  /**
   * An erasure deletes the key first. If the job is not erased, the key is lost or in another bucket, and nothing is
   * decided.
   */
  async function withoutKey(): Promise<null> {
    if (await store.get(paths.tombstone(tenant, job))) return null;
    throw new DefectError('job_key_missing', { fields: { tenant, job } });
  }
  /**
   * Race: the eraser writes the tombstone, then lists the objects. The writer writes, then reads the tombstone. At
   * least one of the two sees the other.
   */
  async function create(path: string, plain: Uint8Array): Promise<boolean> {
    const sealer = await dataKey;
    if (!sealer) throw new RejectedError('job_erased', { fields: { job } });
    const created = await store.create(path, seal(sealer, { tenant, subject: job, kind: kindOf(path) }, plain));
    if (!looks || (await store.get(paths.tombstone(tenant, job))) === null) return created;
    await store.delete([path]);
    throw new RejectedError('job_erased', { fields: { job } });
  }
  async function readJson<T>(path: string): Promise<T | null> {
    const plain = await read(path);
    return plain && (JSON.parse(plain.toString()) as T);
  }

  return {
    tenant,
    job,
    request: () => readJson<JobRequest>(paths.request(tenant, job)),
    commit: (request) => create(paths.request(tenant, job), json(request)),
    image: (side) => read(paths.image(tenant, job, side)),
    putImage: (side, image) => create(paths.image(tenant, job, side), image),
    reply: (side) => read(paths.reply(tenant, job, side)),
    putReply: (side, reply) => create(paths.reply(tenant, job, side), reply),
    crop: (side, crop) => read(paths.crop(tenant, job, side, crop)),
    putCrop: (side, crop, bytes) => create(paths.crop(tenant, job, side, crop), bytes),
    outcome: (generation) => readJson<Outcome>(paths.outcome(tenant, job, generation)),
    decide: (outcome) =>
      create(
        paths.outcome(tenant, job, outcome.generation),
        json({ ...outcome, nonce: randomBytes(16).toString('hex') }),
      ),
    event: (generation, mode) => read(paths.event(tenant, job, generation, mode)),
    putEvent: (generation, mode, bytes) => create(paths.event(tenant, job, generation, mode), bytes),
  };
}

/**
 * Opens a job by its key; null when it never existed or was never committed. Nothing of an erased job can be read.
 * Throws DefectError `job_key_missing` when the job was committed and its key is missing: the key is lost, is in
 * another bucket, or was erased in a later state of the ledger than this one.
 */
export async function openJob(
  store: ObjectStore,
  keyring: Keyring,
  tenant: string,
  job: JobId,
): Promise<SealedJob | null> {
  const [key, tombstone] = await Promise.all([keyring.jobKey(tenant, job), store.get(paths.tombstone(tenant, job))]);
  if (tombstone) return erasedJob(tenant, job);
  if (key) return sealedJob(store, tenant, job, key);
  await sealedJob(store, tenant, job, null).request();
  // Another process may have erased the job between the two reads.
  return (await store.get(paths.tombstone(tenant, job))) ? erasedJob(tenant, job) : null;
}

/** A committed job, with what its names show. */
export interface OpenedWork {
  inventory: KeptNames;
  request: JobRequest;
  sealed: SealedJob;
}

/**
 * Opens a job for a caller that writes to it and checks for an erasure afterwards; null when there is no work. Throws
 * DefectError `job_key_missing` or `job_request_missing` when the store lost one of them.
 */
export async function openForWork(
  store: ObjectStore,
  keyring: Keyring,
  tenant: string,
  job: JobId,
  ahead: readonly Side[] = [],
): Promise<OpenedWork | null> {
  const opened = sealedJob(store, tenant, job, keyring.jobKey(tenant, job), { looks: false });
  const sealed = readAhead(opened, ahead);
  const [names, request] = await Promise.all([listAll(store, paths.job(tenant, job)), sealed.request()]);
  const inventory = keptNames(tenant, job, names);
  assertRequestKept(inventory, tenant, job);
  return request && inventory.committed && !inventory.erased ? { inventory, request, sealed } : null;
}

/** Images that are read ahead. Each is handed out once and not kept. */
function readAhead(sealed: SealedJob, sides: readonly Side[]): SealedJob {
  const coming = new Map(sides.map((side) => [side, sealed.image(side)]));
  // Suppress the unhandled rejection. The error surfaces when the image is requested.
  for (const image of coming.values()) image.catch(() => {});
  return {
    ...sealed,
    image(side) {
      const image = coming.get(side);
      coming.delete(side);
      return image ?? sealed.image(side);
    },
  };
}

/** One round of requests for everything that a delivery needs. */
export async function openOutcome(
  store: ObjectStore,
  keyring: Keyring,
  tenant: string,
  job: JobId,
  generation: number,
): Promise<{ sealed: SealedJob; outcome: Outcome } | null> {
  const sealed = sealedJob(store, tenant, job, keyring.jobKey(tenant, job));
  const [outcome, tombstone] = await Promise.all([sealed.outcome(generation), store.get(paths.tombstone(tenant, job))]);
  return outcome && !tombstone ? { sealed, outcome } : null;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

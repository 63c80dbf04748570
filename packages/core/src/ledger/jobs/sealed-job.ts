/** One job's objects, opened and sealed with its own key. What it creates is never changed afterwards. */
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

/** The `request` of a submit that was withdrawn: a word, because an answer cut short must never read as it. */
export const WITHDRAWN = Buffer.from('withdrawn');

/**
 * @param key may be on its way while what it opens is read; null is the key of a job that is gone, of which nothing can
 * be read or written.
 * @param looks whether every write looks for an erasure. Not where nobody else knows the id, and not where one look at
 * the end of all writes does for them.
 */
export function sealedJob(
  store: ObjectStore,
  tenant: string,
  job: JobId,
  key: Buffer | null | Promise<Buffer | null>,
  { looks = true } = {},
): SealedJob {
  const dataKey = Promise.resolve(key);
  // Whoever reads or writes meets its failure; until then it is nobody's.
  dataKey.catch(() => {});
  const kindOf = (path: string) => path.slice(paths.job(tenant, job).length);

  async function read(path: string): Promise<Buffer | null> {
    return readOpened(store, path, async (sealed) => {
      if (sealed.equals(WITHDRAWN)) return null;
      const opener = await dataKey;
      return opener ? open(opener, { tenant, subject: job, kind: kindOf(path) }, sealed) : withoutKey();
    });
  }
  /** The key goes first when a job is erased. Where nobody erased, it is lost or kept elsewhere, and nothing is decided. */
  async function withoutKey(): Promise<null> {
    if (await store.get(paths.tombstone(tenant, job))) return null;
    throw new DefectError('job_key_missing', { fields: { tenant, job } });
  }
  /** Who erases declares it and then lists; who writes looks afterwards: one of the two sees the other. */
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
 * Throws DefectError `job_key_missing` when the job was committed and its key is not there: the key is lost, is in
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
  // The job may have been erased between the two reads.
  return (await store.get(paths.tombstone(tenant, job))) ? erasedJob(tenant, job) : null;
}

/** A job that was committed, with what its names tell. */
export interface OpenedWork {
  inventory: KeptNames;
  request: JobRequest;
  sealed: SealedJob;
}

/**
 * Opens a job for a caller that writes to it and checks for an erasure afterwards; null when there is no work.
 * Throws DefectError `job_key_missing` or `job_request_missing` when the store lost one of them.
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

/** Pictures that are on their way before anybody asks; each is given out once and not kept. */
function readAhead(sealed: SealedJob, sides: readonly Side[]): SealedJob {
  const coming = new Map(sides.map((side) => [side, sealed.image(side)]));
  // Whoever asks for it meets its failure.
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

/** One round of requests for what a delivery needs. */
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

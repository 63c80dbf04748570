/** One job's objects, opened and sealed with its own key. What it creates is never changed afterwards. */
import { randomBytes } from 'node:crypto';
import { RejectedError } from '../errors/index.ts';
import type { JobId, JobRequest, Outcome, Side } from '../job/index.ts';
import { open, seal } from '../seal/index.ts';
import { erasedJob } from './erased-job.ts';
import type { Keyring } from './keyring.ts';
import { type Crop, paths } from './paths.ts';
import type { ObjectStore } from './store/object-store.ts';
import { readOpened } from './store/read-opened.ts';

/** Every write throws RejectedError `job_erased`, and leaves nothing, when the job turns out to be erased. */
export interface SealedJob {
  readonly tenant: string;
  readonly job: JobId;
  request(): Promise<JobRequest | null>;
  /** The commit of a submit. False when another submit of the same job committed first. */
  commit(request: JobRequest): Promise<boolean>;
  image(side: Side): Promise<Buffer | null>;
  putImage(side: Side, image: Uint8Array): Promise<boolean>;
  /** The decrypted reply: the checkpoint behind the paid call. */
  reply(side: Side): Promise<Buffer | null>;
  putReply(side: Side, reply: Uint8Array): Promise<boolean>;
  crop(side: Side, crop: Crop): Promise<Buffer | null>;
  putCrop(side: Side, crop: Crop, bytes: Uint8Array): Promise<boolean>;
  outcome(generation: number): Promise<Outcome | null>;
  /** Decides the generation. False when it was decided before. */
  decide(outcome: Omit<Outcome, 'nonce'>): Promise<boolean>;
  event(generation: number, mode: string): Promise<Buffer | null>;
  putEvent(generation: number, mode: string, bytes: Uint8Array): Promise<boolean>;
}

/**
 * @param unseen nobody else knows the id before the commit of its submit: what is not committed is not erased, so that
 * its writes need not look for it.
 */
export function sealedJob(
  store: ObjectStore,
  tenant: string,
  job: JobId,
  key: Buffer,
  { unseen = false } = {},
): SealedJob {
  const kindOf = (path: string) => path.slice(paths.job(tenant, job).length);

  async function read(path: string): Promise<Buffer | null> {
    return readOpened(store, path, (sealed) => open(key, { tenant, subject: job, kind: kindOf(path) }, sealed));
  }
  /** Who erases declares it and then lists; who writes looks afterwards: one of the two sees the other. */
  async function create(path: string, plain: Uint8Array): Promise<boolean> {
    const created = await store.create(path, seal(key, { tenant, subject: job, kind: kindOf(path) }, plain));
    if (unseen || (await store.get(paths.tombstone(tenant, job))) === null) return created;
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

/** Opens a job by its key; null when it never existed. Of an erased job nothing can be read. */
export async function openJob(
  store: ObjectStore,
  keyring: Keyring,
  tenant: string,
  job: JobId,
): Promise<SealedJob | null> {
  const [key, tombstone] = await Promise.all([keyring.jobKey(tenant, job), store.get(paths.tombstone(tenant, job))]);
  if (tombstone) return erasedJob(tenant, job);
  return key && sealedJob(store, tenant, job, key);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

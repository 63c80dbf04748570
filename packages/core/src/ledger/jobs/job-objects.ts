/** The stored objects of one job. `sealed-job.ts` and `erased-job.ts` both implement this interface. */
import type { JobId, JobRequest, Outcome, Side } from '../../job/index.ts';
import type { Crop } from '../paths.ts';

/**
 * Every write throws RejectedError `job_erased`, and leaves nothing behind, when the job is erased. The exception is a
 * job opened by a caller that checks for an erasure later.
 */
export interface SealedJob {
  readonly tenant: string;
  readonly job: JobId;
  request(): Promise<JobRequest | null>;
  /** The commit of a submit. Returns false when another submit of the same job committed first. */
  commit(request: JobRequest): Promise<boolean>;
  image(side: Side): Promise<Buffer | null>;
  putImage(side: Side, image: Uint8Array): Promise<boolean>;
  /** The decrypted reply: the checkpoint after the billed call. */
  reply(side: Side): Promise<Buffer | null>;
  putReply(side: Side, reply: Uint8Array): Promise<boolean>;
  crop(side: Side, crop: Crop): Promise<Buffer | null>;
  putCrop(side: Side, crop: Crop, bytes: Uint8Array): Promise<boolean>;
  outcome(generation: number): Promise<Outcome | null>;
  /** Decides the generation. Returns false when it was decided before. */
  decide(outcome: Omit<Outcome, 'nonce'>): Promise<boolean>;
  event(generation: number, mode: string): Promise<Buffer | null>;
  putEvent(generation: number, mode: string, bytes: Uint8Array): Promise<boolean>;
}

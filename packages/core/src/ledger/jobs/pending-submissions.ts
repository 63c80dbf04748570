/**
 * Submissions that did not reach their commit. One conditional write decides between a late commit and the cleanup: a
 * `request` object with one word says that the submission is withdrawn, and while it exists no commit can succeed. It
 * exists until nothing has changed for long. Then the same id can be submitted again.
 */
import { createHash, randomBytes } from 'node:crypto';
import { asCardsealError } from '@cardseal/base/errors';
import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import type { JobId, Side } from '../../job/index.ts';
import { parsePending, paths } from '../paths.ts';
import { isWrittenAfterCommit, requestMissing } from './inventory.ts';
import { referenceMac } from './reference-mac.ts';
import { openJob, WITHDRAWN } from './sealed-job.ts';

/** A submission that is not committed. */
interface PendingSubmission {
  /** Unchanged while no process works on the submission: every attempt renews its marker. */
  seen: string;
  withdrawn: boolean;
  /** Whether only the marker and the withdrawal are left. */
  empty: boolean;
}

export interface PendingSubmissions {
  /**
   * null when the submission is committed or erased, or nothing of it is left. Throws DefectError
   * `job_request_missing` when an object exists that only an accepted job has: the store lost the request, and nothing
   * may be deleted.
   */
  left(tenant: string, job: JobId): Promise<PendingSubmission | null>;
  /**
   * Blocks the commit, then deletes the images and the key. Returns false when the commit was faster. Throws as `left`
   * does.
   */
  withdraw(tenant: string, job: JobId): Promise<boolean>;
  /** Allows the id to be submitted again. Deletes the marker last, because the marker leads to the rest. */
  forget(tenant: string, job: JobId): Promise<void>;
  /**
   * For a caller that committed after a long time, or after another attempt: checks that all objects still exist and
   * open, and restores a missing marker. Takes back a commit that cannot be opened: no response accepted it.
   */
  stands(tenant: string, job: JobId, kept: { sides: readonly Side[]; reference: string | null }): Promise<boolean>;
}

export function createPendingSubmissions(store: ObjectStore, keyring: Keyring): PendingSubmissions {
  const markersOf = (tenant: string, job: JobId) => listAll(store, paths.pendingOf(tenant, job));
  const namesOf = (tenant: string, job: JobId) => listAll(store, paths.job(tenant, job));
  /** A reply, an outcome or a second generation proves that the job was accepted. */
  function refuseAccepted(tenant: string, job: JobId, names: readonly string[], markers: readonly string[]): void {
    const folder = paths.job(tenant, job);
    const worked = names.some((name) => isWrittenAfterCommit(name.slice(folder.length)));
    const retried = markers.some((marker) => (parsePending(marker)?.generation ?? 0) > 1);
    if (worked || retried) throw requestMissing(tenant, job);
  }
  async function isCommitted(tenant: string, job: JobId): Promise<boolean> {
    const request = await store.get(paths.request(tenant, job));
    return request !== null && !request.equals(WITHDRAWN);
  }

  return {
    async left(tenant, job) {
      const [names, markers, hasKey] = await Promise.all([
        namesOf(tenant, job),
        markersOf(tenant, job),
        keyring.hasJobKey(tenant, job),
      ]);
      const withdrawn = names.includes(paths.request(tenant, job));
      if (names.includes(paths.tombstone(tenant, job))) return null;
      if (withdrawn && (await isCommitted(tenant, job))) return null;
      if (names.length + markers.length === 0) return null;
      refuseAccepted(tenant, job, names, markers);
      const bodies = await Promise.all(markers.map((marker) => store.get(marker)));
      const seen = createHash('sha256').update(JSON.stringify([names, markers, hasKey]));
      for (const body of bodies) seen.update(body ?? '-');
      return { seen: seen.digest('hex'), withdrawn, empty: withdrawn && names.length === 1 && !hasKey };
    },

    async withdraw(tenant, job) {
      const request = paths.request(tenant, job);
      const [before, markers] = await Promise.all([namesOf(tenant, job), markersOf(tenant, job)]);
      if (before.includes(paths.tombstone(tenant, job))) return false;
      // If a request exists, the commit was faster. The conditional write below fails then.
      if (!before.includes(request)) refuseAccepted(tenant, job, before, markers);
      if (!(await store.create(request, WITHDRAWN))) return false;
      await store.delete((await namesOf(tenant, job)).filter((name) => name !== request));
      await keyring.dropJobKey(tenant, job);
      return true;
    },

    async forget(tenant, job) {
      const markers = await markersOf(tenant, job);
      await store.delete([paths.request(tenant, job)]);
      await store.delete(markers);
      // A new attempt may have committed under the marker that was just deleted.
      if (!(await isCommitted(tenant, job))) return;
      await Promise.all(markers.map((marker) => store.create(marker, randomBytes(16))));
    },

    async stands(tenant, job, { sides, reference }) {
      const whole = await opens(tenant, job, sides);
      // Read after the writes: a worker deletes images and the marker only after an outcome.
      const names = await namesOf(tenant, job);
      if (names.some((name) => name === paths.tombstone(tenant, job) || /\/outcome\.\d+$/.test(name))) return true;
      const marker = paths.pending(tenant, job, 1, await referenceMac(keyring, tenant, reference));
      // Also deletes what is left of a submission that is taken back.
      await store.create(marker, randomBytes(16));
      if (whole) return true;
      // A worker may already have saved a reply. Without the request it would look like a lost job.
      const folder = paths.job(tenant, job);
      const worked = names.filter((name) => isWrittenAfterCommit(name.slice(folder.length)));
      // Delete the request last: after a crash or a refusal between the two, no reader treats the job as lost.
      await store.delete(worked);
      await store.delete([paths.request(tenant, job)]);
      return false;
    },
  };

  async function opens(tenant: string, job: JobId, sides: readonly Side[]): Promise<boolean> {
    try {
      const sealed = await openJob(store, keyring, tenant, job);
      const parts = await Promise.all([sealed?.request(), ...sides.map((side) => sealed?.image(side))]);
      return parts.every((part) => part);
    } catch (error) {
      if (asCardsealError(error).disposition === 'defect') return false;
      throw error;
    }
  }
}

/**
 * PendingSubmissions that never came to their commit. One conditional write decides between a commit that is merely late and who
 * clears up behind it: a `request` of one word says that the submit is withdrawn, and no commit can follow while it stands.
 * It stays until nothing has moved for long; then the same id may be submitted again.
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

/** What a submit left. */
interface PendingSubmission {
  /** The same for as long as nobody works on it: every try renews its marker. */
  seen: string;
  withdrawn: boolean;
  /** Whether nothing but marker and withdrawal is left. */
  empty: boolean;
}

export interface PendingSubmissions {
  /**
   * null when it is committed or erased, or nothing is left of it. Throws DefectError `job_request_missing` when
   * something is there that only an accepted job has: the store lost the request, and nothing may be cleared.
   */
  left(tenant: string, job: JobId): Promise<PendingSubmission | null>;
  /** Bars the commit, then removes images and key. False when the commit was faster. Throws as `left` does. */
  withdraw(tenant: string, job: JobId): Promise<boolean>;
  /** Lets the id be submitted again; the marker goes last, since it is what finds the rest. */
  forget(tenant: string, job: JobId): Promise<void>;
  /**
   * For who committed after a long time, or after another's try: whether all of it is still there and opens; a marker
   * that is gone is put back. A commit that nothing opens is taken back: it was never accepted.
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
      // With a request the commit was faster, and the conditional write below finds it.
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
      // Who came again in this moment may have committed under the marker that has just gone.
      if (!(await isCommitted(tenant, job))) return;
      await Promise.all(markers.map((marker) => store.create(marker, randomBytes(16))));
    },

    async stands(tenant, job, { sides, reference }) {
      const whole = await opens(tenant, job, sides);
      // Looked at afterwards: a worker takes pictures and marker away only behind an outcome.
      const names = await namesOf(tenant, job);
      if (names.some((name) => name === paths.tombstone(tenant, job) || /\/outcome\.\d+$/.test(name))) return true;
      const marker = paths.pending(tenant, job, 1, await referenceMac(keyring, tenant, reference));
      // Also for what is left of one that is taken back.
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

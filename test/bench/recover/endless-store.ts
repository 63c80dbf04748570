/**
 * An object store with any number of accepted jobs, none of which is in memory: names follow from a number, and key and
 * request are created when they are read. It must not hold more than the jobs that are being read.
 */

import { createdAtMs, type JobId, type JobRequest } from '@cardseal/core/job';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import type { ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';

const TENANT = 'dev';
const FIRST_MS = 1_700_000_000_000;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const PENDING = 'pending/';

export interface EndlessStore {
  ledger: Ledger;
  requests: { get: number; list: number };
}

export function endlessStore(cards: number): EndlessStore {
  const fixed = new Map<string, Buffer>();
  const inHand = new Map<string, Buffer>();
  const requests = { get: 0, list: 0 };

  async function get(key: string): Promise<Buffer | null> {
    requests.get++;
    const known = fixed.get(key);
    if (known) return known;
    const [, job, what] = /^(?:keys|jobs)\/dev\/(job_[0-9A-Z]{26})\/?(.*)$/.exec(key) ?? [];
    if (!job || (what !== '' && what !== 'request')) return null;
    if (!inHand.has(key)) await make(job as JobId);
    const body = inHand.get(key) ?? null;
    inHand.delete(key);
    return body;
  }

  async function make(job: JobId): Promise<void> {
    const { sealed, keep } = await ledger.jobs.startUnseen(TENANT, job);
    await keep();
    await sealed.commit(requestOf(job));
  }

  const store: ObjectStore = {
    get,
    async create(key, body) {
      const lasts = key.endsWith('/.tenant');
      (lasts ? fixed : inHand).set(key, Buffer.from(body));
      return true;
    },
    async put(key, body) {
      fixed.set(key, Buffer.from(body));
    },
    async delete(keys) {
      for (const key of keys) fixed.delete(key);
    },
    async list(prefix, { startAfter = '', limit = 1000 } = {}) {
      requests.list++;
      if (prefix !== PENDING) return { keys: [...fixed.keys()].filter((key) => key.startsWith(prefix)), next: null };
      const [, last] = /(job_[0-9A-Z]{26})/.exec(startAfter) ?? [];
      const from = last ? createdAtMs(last as JobId) - FIRST_MS + 1 : 0;
      const keys = Array.from({ length: Math.min(limit, cards - from) }, (_, at) => nameOf(from + at));
      return { keys, next: from + keys.length < cards ? keys.at(-1)! : null };
    },
  };
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)) });
  return { ledger, requests };
}

function nameOf(n: number): string {
  return `${PENDING}${TENANT}/${jobOf(n)}.1.-`;
}

/** One job per millisecond, so that the id contains the number. */
function jobOf(n: number): JobId {
  let [rest, time] = [FIRST_MS + n, ''];
  for (let digit = 0; digit < 10; digit++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return `job_${time}${'0'.repeat(16)}`;
}

function requestOf(job: JobId): JobRequest {
  return {
    v: 1,
    job,
    tenant: TENANT,
    nonce: '0'.repeat(32),
    createdAtMs: createdAtMs(job),
    sides: ['front'],
    options: { detect_risk: false, detect_quality: false, detect_photo: false, detect_card: false, fit: true },
    reference: null,
    metadata: {},
    priority: 'interactive',
    expiresAtMs: null,
    retainForS: null,
    keepImages: false,
    endpointIds: null,
    apiKeyId: 'bench',
  };
}

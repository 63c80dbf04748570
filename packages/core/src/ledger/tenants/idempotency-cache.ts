/**
 * The responses to unsafe requests with an `Idempotency-Key`, kept for a day, so that a repeated request gets the same
 * response and has one effect. A claim is written before the work and the response after it. Both are sealed. A
 * response that shows a job is sealed with the key of that job, so that erasure covers it.
 */

import type { Clock } from '@cardseal/base/clock';
import { asCardsealError, DefectError } from '@cardseal/base/errors';
import { listAll, type ObjectStore, scan } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, seal } from '@cardseal/sealing';
import { ulid } from 'ulid';
import type { JobId } from '../../job/index.ts';
import { paths } from '../paths.ts';
import { macName } from './idempotency.ts';

export const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;
/** No request runs longer: an older claim without a response belongs to a process that crashed. */
export const IDEMPOTENCY_LEASE_MS = 60_000;

interface ReplayRequest {
  tenant: string;
  route: string;
  key: string;
  /** From `idempotency.fingerprint`. */
  fingerprint: string;
  /** The job whose data the response shows. */
  job: JobId | null;
}

export interface StoredResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** What the API key that received the response was allowed to see. */
  scopes: readonly string[];
}

export interface IdempotencyTicket {
  tenant: string;
  name: string;
  number: number;
  job: JobId | null;
  /**
   * A ULID for what the request creates. A process that takes over after a crash creates the same object and no second
   * one.
   */
  subject: string;
}

type ReplayStart =
  | { kind: 'ours'; ticket: IdempotencyTicket }
  | { kind: 'answered'; answer: StoredResponse }
  | { kind: 'in_progress' | 'mismatch' | 'erased' };

export interface IdempotencyCache {
  begin(request: ReplayRequest): Promise<ReplayStart>;
  /** Stores what is about to be done, for work that is not idempotent. The first note stays. */
  note(ticket: IdempotencyTicket, what: string): Promise<void>;
  /** The note of a process that crashed; null when none was written. */
  noted(ticket: IdempotencyTicket): Promise<string | null>;
  keep(ticket: IdempotencyTicket, answer: StoredResponse): Promise<void>;
  /** Nothing was done: the next request with this key starts again. */
  release(ticket: IdempotencyTicket): Promise<void>;
  /** The work failed half-way: the next request with this key takes over at once. */
  abandon(ticket: IdempotencyTicket): Promise<void>;
  /**
   * Deletes what is more than a day old. Returns the number of keys. Throws for a claim that does not open, after it
   * handled the others.
   */
  sweep(): Promise<number>;
}

interface Claim {
  v: 1;
  fingerprint: string;
  atMs: number;
  subject: string;
  job: JobId | null;
}

const folder = (tenant: string, name: string) => `replays/${tenant}/${name}/`;
const claimName = ({ tenant, name, number }: IdempotencyTicket) =>
  `${folder(tenant, name)}${String(number).padStart(6, '0')}`;
const abandonedName = (ticket: IdempotencyTicket) => `${claimName(ticket)}.abandoned`;
/** Orders all processes that work on the same key. The number is less than that of any claim. */
const noteName = ({ tenant, name, subject }: IdempotencyTicket) => `${folder(tenant, name)}000000.${subject}`;
const DAYS = 'replay-days/';
const DAY_NAME = /^replay-days\/(\d{4}-\d{2}-\d{2})\/([^/.]+)\.([0-9a-f]{64})$/;
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one store: its operations share how a claim and its response are sealed.
export function createIdempotencyCache(store: ObjectStore, keyring: Keyring, clock: Clock): IdempotencyCache {
  const context = ({ tenant, name, number }: IdempotencyTicket, kind: string) => ({
    tenant,
    subject: name,
    kind: `replay.${number}.${kind}`,
  });

  const noteContext = ({ tenant, name, subject }: IdempotencyTicket) => ({
    tenant,
    subject: name,
    kind: `replay.note.${subject}`,
  });

  async function claimOf(ticket: IdempotencyTicket): Promise<Claim | null> {
    const sealed = await store.get(claimName(ticket));
    if (!sealed) return null;
    return JSON.parse((await keyring.open(ticket.tenant, context(ticket, 'claim'), sealed)).toString()) as Claim;
  }

  async function claim(ticket: IdempotencyTicket, fingerprint: string): Promise<boolean> {
    const { tenant, name, job, subject } = ticket;
    const atMs = clock.now();
    // Written before the claim, so that the sweep finds every claim.
    await store.put(`${DAYS}${dayOf(atMs)}/${tenant}.${name}`, Buffer.alloc(0));
    const plain = Buffer.from(JSON.stringify({ v: 1, fingerprint, atMs, subject, job } satisfies Claim));
    return store.create(claimName(ticket), await keyring.seal(tenant, context(ticket, 'claim'), plain));
  }

  /** null when the job that the response shows is erased. */
  async function sealAnswer(ticket: IdempotencyTicket, plain: Buffer): Promise<Buffer | null> {
    const { tenant, job } = ticket;
    if (job === null) return keyring.seal(tenant, context(ticket, 'answer'), plain);
    const key = await keyring.jobKey(tenant, job);
    return key && seal(key, context(ticket, 'answer'), plain);
  }

  async function openAnswer(ticket: IdempotencyTicket, sealed: Buffer): Promise<Buffer | null> {
    const { tenant, job } = ticket;
    if (job === null) return keyring.open(tenant, context(ticket, 'answer'), sealed);
    const key = await keyring.jobKey(tenant, job);
    if (key) return open(key, context(ticket, 'answer'), sealed);
    // An erasure leaves a tombstone. A key that is missing without one is lost.
    if (await store.get(paths.tombstone(tenant, job))) return null;
    throw new DefectError('job_key_missing', { fields: { tenant, job } });
  }

  async function newest(tenant: string, name: string): Promise<number> {
    const names = (await listAll(store, folder(tenant, name))).map((path) => path.slice(folder(tenant, name).length));
    return Math.max(0, ...names.map((text) => Number(text.split('.')[0])));
  }

  async function standing(
    ticket: IdempotencyTicket,
    { fingerprint, job }: ReplayRequest,
  ): Promise<ReplayStart | Claim> {
    const found = await claimOf(ticket);
    // Released between two reads.
    if (!found) return { kind: 'in_progress' };
    const ageMs = clock.now() - found.atMs;
    if (ageMs >= IDEMPOTENCY_TTL_MS) return { ...found, subject: ulid(clock.now()), fingerprint, job };
    if (found.fingerprint !== fingerprint) return { kind: 'mismatch' };
    const sealed = await store.get(`${claimName(ticket)}.answer`);
    if (!sealed) {
      const isFree = ageMs >= IDEMPOTENCY_LEASE_MS || (await store.get(abandonedName(ticket))) !== null;
      return isFree ? found : { kind: 'in_progress' };
    }
    const plain = await openAnswer({ ...ticket, job: found.job }, sealed);
    if (!plain) return { kind: 'erased' };
    return { kind: 'answered', answer: JSON.parse(plain.toString()) as StoredResponse };
  }

  return {
    async begin(request) {
      const { tenant, route, key, fingerprint, job } = request;
      const name = await keyring.withLookupKey(tenant, (lookup) => macName(lookup, ['replay', route, key]));
      const first: IdempotencyTicket = { tenant, name, number: 1, job, subject: ulid(clock.now()) };
      if (await claim(first, fingerprint)) return { kind: 'ours', ticket: first };
      const number = await newest(tenant, name);
      if (number === 0) return { kind: 'in_progress' };
      const last = await standing({ ...first, number }, request);
      if ('kind' in last) return last;
      const ours = { ...first, number: number + 1, subject: last.subject };
      return (await claim(ours, fingerprint)) ? { kind: 'ours', ticket: ours } : { kind: 'in_progress' };
    },

    async note(ticket, what) {
      const sealed = await keyring.seal(ticket.tenant, noteContext(ticket), Buffer.from(what));
      await store.create(noteName(ticket), sealed);
    },

    async noted(ticket) {
      // The first request with a key has no predecessor. That is the usual case.
      const sealed = ticket.number === 1 ? null : await store.get(noteName(ticket));
      return sealed && (await keyring.open(ticket.tenant, noteContext(ticket), sealed)).toString();
    },

    async keep(ticket, answer) {
      const sealed = await sealAnswer(ticket, Buffer.from(JSON.stringify(answer)));
      if (sealed) await store.create(`${claimName(ticket)}.answer`, sealed);
    },

    release: (ticket) => store.delete([claimName(ticket)]),
    abandon: (ticket) => store.put(abandonedName(ticket), Buffer.alloc(0)),

    async sweep() {
      // A day that ended more than a day ago contains nothing that is still kept.
      const lastKept = dayOf(clock.now() - IDEMPOTENCY_TTL_MS);
      let swept = 0;
      let failure: unknown = null;
      for await (const path of scan(store, DAYS)) {
        const [, day = '', tenant = '', name = ''] = DAY_NAME.exec(path) ?? [];
        if (day >= lastKept) break;
        try {
          if (tenant) swept += await drop(tenant, name);
          await store.delete([path]);
        } catch (error) {
          // A store that is away fails for all claims. A claim that does not open fails alone.
          const { code, disposition } = asCardsealError(error);
          if (disposition !== 'defect' && code !== 'key_service_unknown_key') throw error;
          failure = error;
        }
      }
      if (failure) throw failure;
      return swept;
    },
  };

  /** 1, or 0 when the key was used again since. */
  async function drop(tenant: string, name: string): Promise<number> {
    const number = await newest(tenant, name);
    const last = await claimOf({ tenant, name, number, job: null, subject: '' });
    if (last && clock.now() - last.atMs < IDEMPOTENCY_TTL_MS) return 0;
    await store.delete(await listAll(store, folder(tenant, name)));
    return 1;
  }
}

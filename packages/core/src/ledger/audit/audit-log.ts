/**
 * The audit log: the operator, the action, its object, the time and the reason. Each entry is an object that is created once and contains the
 * hash of the entry before it. Entries are sealed, because a reason is free text. Their names are in descending order,
 * so that a list returns the newest first. The log must never lose an entry whose action was reported as done, and
 * never delete one.
 */
import type { Clock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import { type AuditAction, type AuditEntry, type AuditInput, hashOf, NO_ENTRY } from './entry.ts';
import { type Verification, verifyChain } from './verify.ts';

const PREFIX = 'audit/';
const HIGHEST = 999_999_999_999;
const RACES = 30;
const READS_AT_ONCE = 20;
/** Entries read at once. Each costs one request to the store; a whole page takes a second or two. */
const LOOKED_AT = 1000;

export interface AuditParts {
  store: ObjectStore;
  /** Seals with a key of the system tenant, bound to the number of the entry. */
  seal(subject: string, plain: Buffer): Promise<Buffer>;
  /** Throws when the bytes were changed. */
  open(subject: string, sealed: Buffer): Promise<Buffer>;
  clock: Clock;
}

export interface AuditPage {
  entries: AuditEntry[];
  /** Pass it as `before` of the next page; null at the end. */
  next: number | null;
}

/** An absent property does not filter. */
interface AuditFilter {
  job?: string | undefined;
  who?: string | undefined;
  action?: AuditAction | undefined;
}

export interface AuditLog {
  /** Resolves when the entry is stored. Throws TransientError `audit_busy` after thirty lost races. */
  append(input: AuditInput): Promise<AuditEntry>;
  /** Newest first; `before` is the number of an entry, exclusive. */
  page(before: number | null, limit: number): Promise<AuditPage>;
  /** Like `page`, for entries that match. One call reads at most a thousand entries, however few of them match. */
  find(filter: AuditFilter, before: number | null, limit: number): Promise<AuditPage>;
  /** Every entry, newest first. */
  entries(): AsyncGenerator<AuditEntry>;
  /**
   * @param head `number:hash` of an entry, as an operator noted it earlier. It proves that no newer entries were cut
   * off.
   */
  verify(head?: { seq: number; hash: string }): Promise<Verification>;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the newest entry of the chain.
export function createAuditLog({ store, seal, open, clock }: AuditParts): AuditLog {
  const subject = (seq: number) => `audit.${seq}`;
  let head: { seq: number; hash: string } | null = null;
  let last: Promise<unknown> = Promise.resolve();

  /** null when the entry is missing or was changed. */
  async function read(seq: number): Promise<Buffer | null> {
    const sealed = await store.get(nameOf(seq));
    return sealed && open(subject(seq), sealed).catch(() => null);
  }

  async function findHead(): Promise<{ seq: number; hash: string }> {
    const { keys } = await store.list(PREFIX, { limit: 1 });
    const seq = keys[0] === undefined ? 0 : seqOf(keys[0]);
    const plain = seq === 0 ? null : await read(seq);
    // An entry that does not open must not stop the page. The verification of the chain reports it.
    return { seq, hash: seq === 0 ? NO_ENTRY : plain ? hashOf(plain) : NO_ENTRY };
  }

  async function write(input: AuditInput): Promise<AuditEntry> {
    for (let race = 0; race < RACES; race++) {
      const { seq, hash } = head ?? (await findHead());
      const at = new Date(clock.now()).toISOString();
      const entry: AuditEntry = { v: 1, seq: seq + 1, at, ...input, prev: hash };
      const plain = Buffer.from(JSON.stringify(entry));
      head = null;
      if (!(await store.create(nameOf(entry.seq), await seal(subject(entry.seq), plain)))) continue;
      head = { seq: entry.seq, hash: hashOf(plain) };
      return entry;
    }
    throw new TransientError('audit_busy');
  }

  /** Newest first, with the bytes that the hash covers. */
  async function* walk(before: number | null): AsyncGenerator<{ seq: number; plain: Buffer | null }> {
    let from = before === null ? undefined : nameOf(before);
    for (;;) {
      const page = await store.list(PREFIX, { startAfter: from });
      const numbers = page.keys.map(seqOf);
      for (let at = 0; at < numbers.length; at += READS_AT_ONCE) {
        const some = numbers.slice(at, at + READS_AT_ONCE);
        const bytes = await Promise.all(some.map(read));
        for (const [index, seq] of some.entries()) yield { seq, plain: bytes[index]! };
      }
      if (page.next === null) return;
      from = page.next;
    }
  }

  async function* entries(): AsyncGenerator<AuditEntry> {
    for await (const { plain } of walk(null)) if (plain) yield parse(plain);
  }

  return {
    entries,
    append(input) {
      // One at a time: parallel writes of one process would only race for the same number.
      const written = last.then(() => write(input));
      last = written.catch(() => {});
      return written;
    },
    async page(before, limit) {
      const { keys, next } = await store.list(
        PREFIX,
        before === null ? { limit } : { startAfter: nameOf(before), limit },
      );
      const numbers = keys.map(seqOf);
      const bytes = await Promise.all(numbers.map(read));
      return {
        entries: bytes.filter((plain) => plain !== null).map(parse),
        next: next === null ? null : numbers.at(-1)!,
      };
    },
    async find(filter, before, limit) {
      const found: AuditEntry[] = [];
      let looked = 0;
      for await (const { seq, plain } of walk(before)) {
        looked++;
        const entry = plain && parse(plain);
        if (entry && matches(entry, filter)) found.push(entry);
        if (found.length === limit || looked === LOOKED_AT) return { entries: found, next: seq > 1 ? seq : null };
      }
      return { entries: found, next: null };
    },
    verify: (noted) => verifyChain(walk(null), noted),
  };
}

function matches({ who, action, target }: AuditEntry, filter: AuditFilter): boolean {
  if (filter.who !== undefined && filter.who !== who) return false;
  if (filter.action !== undefined && filter.action !== action) return false;
  return filter.job === undefined || filter.job === target.job;
}

function nameOf(seq: number): string {
  return `${PREFIX}${String(HIGHEST - seq).padStart(12, '0')}`;
}

function seqOf(key: string): number {
  return HIGHEST - Number(key.slice(PREFIX.length));
}

function parse(plain: Buffer): AuditEntry {
  return JSON.parse(plain.toString()) as AuditEntry;
}

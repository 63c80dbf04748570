// The journal of calls: counts for tests, and a bounded log that an independent checker reads.
// It contains hashes of images, never their content.

/**
 * How a call ended. `accepted`: the response contained a reading, so the call is billed. `spoilt`: the image was read, but a fault
 * made the response unusable. `undelivered`: accepted, but the client left before it had the whole response. The others were
 * refused or got an error.
 */
export type CallOutcome = 'accepted' | 'undelivered' | 'spoilt' | 'rejected_qps' | 'rejected_quota' | 'failed';

export interface CallRecord {
  /** Arrival of the headers, milliseconds since 1970. */
  at: number;
  credential: string | null;
  side: string | null;
  outcome: CallOutcome | null;
  /** Provider code (0 for a reading), or the name of the fault or HTTP status, for example `hang` or `http_503`. */
  code: number | string | null;
  image_sha256: string | null;
}

export interface CallStats {
  calls: number;
  accepted: number;
  rejected_qps: number;
  rejected_quota: number;
  failed: number;
  duplicates_by_image: number;
  max_in_any_second: number;
  by_code: Record<string, number>;
  token_requests: number;
}

const RING_SIZE = 200_000;
const emptyStats = (): CallStats => ({
  calls: 0,
  accepted: 0,
  rejected_qps: 0,
  rejected_quota: 0,
  failed: 0,
  duplicates_by_image: 0,
  max_in_any_second: 0,
  by_code: {},
  token_requests: 0,
});

export function createCallJournal() {
  let stats = emptyStats();
  let ring: CallRecord[] = [];
  let oldest = 0;
  let accepted = new Set<string>();
  let admitted: number[] = [];
  return {
    /** Records the arrival of a call. */
    open(at: number): CallRecord {
      const record = { at, credential: null, side: null, outcome: null, code: null, image_sha256: null };
      stats.calls++;
      if (ring.length < RING_SIZE) ring.push(record);
      else {
        ring[oldest] = record;
        oldest = (oldest + 1) % RING_SIZE;
      }
      return record;
    },
    /** Records that the limits admitted a call, and keeps the maximum in any half-open 1000 ms. */
    admit(atMs: number): void {
      admitted.push(atMs);
      const keep = admitted.findIndex((time) => time > atMs - 1000);
      if (keep > 0) admitted.splice(0, keep);
      stats.max_in_any_second = Math.max(stats.max_in_any_second, admitted.length);
    },
    /** Records how a call ended. Call it once per call. */
    close(record: CallRecord, outcome: CallOutcome, code: number | string): void {
      record.outcome = outcome;
      record.code = code;
      stats.by_code[code] = (stats.by_code[code] ?? 0) + 1;
      if (outcome === 'rejected_qps' || outcome === 'rejected_quota') stats[outcome]++;
      else if (outcome !== 'accepted') stats.failed++;
      else {
        stats.accepted++;
        if (record.image_sha256 === null) return;
        if (accepted.has(record.image_sha256)) stats.duplicates_by_image++;
        accepted.add(record.image_sha256);
      }
    },
    countTokenRequest(): void {
      stats.token_requests++;
    },
    stats: (): CallStats => ({ ...stats, by_code: { ...stats.by_code } }),
    /** Oldest first. */
    records: (): CallRecord[] => [...ring.slice(oldest), ...ring.slice(0, oldest)],
    reset(): void {
      stats = emptyStats();
      ring = [];
      oldest = 0;
      accepted = new Set();
      admitted = [];
    },
  };
}

/**
 * Checks how the body of a request arrives: not idle, not below a minimum rate, and complete within a total time. It
 * only calculates; `watch.ts` feeds it. Waiting that the API itself causes never counts against the client.
 */

export interface TransferLimits {
  /** The longest time without a byte. It is also the window over which the rate is measured. */
  idleMs: number;
  minBytesPerSecond: number;
  /** The longest time from the end of the headers to the last byte. */
  totalMs: number;
}

export type TransferFault = 'idle' | 'too_slow' | 'too_long';

export interface Transfer {
  received(bytes: number, nowMs: number): void;
  /** The API has bytes that it has not processed yet, so the client cannot send. */
  heldBack(nowMs: number): void;
  /** null while the body arrives as it should. */
  fault(nowMs: number): TransferFault | null;
}

export function createTransfer(limits: TransferLimits, startMs: number): Transfer {
  let lastMs = startMs;
  let window = { startMs, bytes: 0 };

  return {
    received(bytes, nowMs) {
      lastMs = nowMs;
      window.bytes += bytes;
    },
    heldBack(nowMs) {
      lastMs = nowMs;
      window = { startMs: nowMs, bytes: 0 };
    },
    fault(nowMs) {
      if (nowMs - startMs >= limits.totalMs) return 'too_long';
      if (nowMs - lastMs >= limits.idleMs) return 'idle';
      const windowMs = nowMs - window.startMs;
      if (windowMs < limits.idleMs) return null;
      if ((window.bytes * 1000) / windowMs < limits.minBytesPerSecond) return 'too_slow';
      window = { startMs: nowMs, bytes: 0 };
      return null;
    },
  };
}

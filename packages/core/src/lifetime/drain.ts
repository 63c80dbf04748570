/**
 * Closes an HTTP server in order: no new connections, idle ones closed, requests in progress get their responses. After
 * the grace period it calls `onLate` and then closes all connections. Every listener of every app closes this way.
 */
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface Drain {
  graceMs: number;
  /** Aborts when the end cannot wait, for example at a second signal. The rest of the grace period is skipped. */
  hurry?: AbortSignal | undefined;
  /** Called after the grace period: it sends a response to each request that still runs. */
  onLate?: () => void;
  /** Closes the server. A framework that wraps the server passes its own function. */
  close?: () => Promise<unknown>;
}

/** For responses that `onLate` has sent. */
const LAST_MS = 500;
/** A connection that became idle after `close` is closed this soon. */
const IDLE_CHECK_MS = 100;

/** Idempotent and bounded: it resolves at the latest half a second after the grace period. */
export async function drainServer(server: Server, { graceMs, hurry, onLate, close }: Drain): Promise<void> {
  const closed = (close ?? (() => closeServer(server)))().then(
    () => true as const,
    () => true as const,
  );
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS).unref();
  try {
    if (await Promise.race([closed, sleep(graceMs, hurry)])) return;
    onLate?.();
    if (await Promise.race([closed, sleep(LAST_MS)])) return;
  } finally {
    clearInterval(idle);
    server.closeAllConnections();
  }
  await closed;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => void (server.listening ? server.close(() => resolve()) : resolve()));
}

async function sleep(ms: number, signal?: AbortSignal): Promise<false> {
  await delay(ms, undefined, signal ? { signal } : {}).catch(() => {});
  return false;
}

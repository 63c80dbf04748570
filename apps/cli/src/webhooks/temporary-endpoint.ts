/**
 * A webhook endpoint that lives as long as this process: registered with an expiry, prolonged while the process runs,
 * and removed at a stop signal. If the process dies before it can remove the endpoint, the endpoint expires by itself.
 */

export type CallApi = (method: string, route: string, body?: object, signal?: AbortSignal) => Promise<unknown>;

export interface TemporaryEndpoint {
  id: string;
  secret: string;
  /** Resolves when the API has removed the endpoint or does not have it. Rejects when the API does not respond in time. */
  remove(): Promise<void>;
}

export const LIFE_S = 3600;
const PROLONG_EVERY_MS = 15 * 60_000;
/** The launcher and terminals give a program a few seconds to end. */
const REMOVE_WITHIN_MS = 4_000;
const ONE_ATTEMPT_MS = 1_500;
const BETWEEN_ATTEMPTS_MS = 200;

/** @param stopped aborts a registration in progress after a few seconds, so that the process can end. */
export async function createTemporaryEndpoint(
  api: CallApi,
  terms: object,
  stopped: AbortSignal,
): Promise<TemporaryEndpoint> {
  const late = new AbortController();
  const hurry = () => setTimeout(() => late.abort(), REMOVE_WITHIN_MS).unref();
  stopped.addEventListener('abort', hurry, { once: true });
  const request = { ...terms, expires_in: LIFE_S };
  const made = (await api('POST', '/v1/webhook-endpoints', request, late.signal)) as { id: string; secret: string };
  stopped.removeEventListener('abort', hurry);
  const route = `/v1/webhook-endpoints/${made.id}`;
  // A failed renewal is repeated by the next one: the endpoint lives four times as long as the interval.
  const renewal = setInterval(() => api('PATCH', route, { expires_in: LIFE_S }).catch(() => {}), PROLONG_EVERY_MS);
  renewal.unref();
  return {
    ...made,
    async remove() {
      clearInterval(renewal);
      const untilMs = performance.now() + REMOVE_WITHIN_MS;
      for (;;) {
        try {
          await api('DELETE', route, undefined, AbortSignal.timeout(ONE_ATTEMPT_MS));
          return;
        } catch (error) {
          if (isGone(error)) return;
          if (performance.now() + BETWEEN_ATTEMPTS_MS > untilMs) throw error;
          await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
        }
      }
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 404;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Aborts at the first stop signal. The handlers stay: npm passes a Ctrl-C on a second time, and a repeated signal must
 * not end the process while it removes its endpoint.
 */
export function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of STOP_SIGNALS) process.on(signal, () => stop.abort());
  // A closed terminal must not turn the next line of output into a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return stop.signal;
}

/**
 * The current state of the upstream pool, for responses to consumers. The API knows credentials by id and rate from
 * the workers' board, never their secrets. All requests within a second share one read.
 */
import type { Clock } from '@cardseal/base/clock';
import type { Flow, Pool, WorkerBoard } from '@cardseal/core/queue';
import { type CredentialSnapshot, createPacer, type Pacer, type PacingRedis, PROVIDER_OUTAGE } from '@cardseal/pacer';

export interface PoolState {
  credentials: readonly CredentialSnapshot[];
  /** The sum over all open credentials; over all of them while none is open. */
  callsPerSecond: number;
  openAtMs: Flow['openAtMs'];
  isOpen: boolean;
  /** No credential may be called, and a provider outage is among the reasons. */
  isOutage: boolean;
  /** How long a worker holds a job after it has its permit. */
  afterPermitMs: number;
}

export interface PoolWatch {
  /** null while Redis is away or no worker has reported. */
  state(): Promise<PoolState | null>;
  stop(): void;
}

const STATE_TTL_MS = 1000;
const POOL_TTL_MS = 5000;

export interface PoolWatchParts {
  redis: PacingRedis;
  /** The same name as in the workers' pacer: the queue prefix without its braces. */
  prefix: string;
  board: Pick<WorkerBoard, 'pool'>;
  clock: Clock;
}

export function createPoolWatch({ redis, prefix, board, clock }: PoolWatchParts): PoolWatch {
  let pacer: Pacer | null = null;
  let pool: { text: string; untilMs: number; afterPermitMs: number } = { text: '', untilMs: 0, afterPermitMs: 0 };
  let latest: { state: Promise<PoolState | null>; untilMs: number } | null = null;

  async function currentPacer(): Promise<Pacer | null> {
    if (pacer && clock.now() < pool.untilMs) return pacer;
    const read = await board.pool();
    if (!read) return pacer;
    const { credentials, afterPermitMs }: Pool = read;
    const text = JSON.stringify(credentials);
    if (!pacer || text !== pool.text) {
      pacer?.stop();
      pacer = createPacer({ redis, prefix, credentials, clock });
    }
    pool = { text, untilMs: clock.now() + POOL_TTL_MS, afterPermitMs };
    return pacer;
  }

  async function look(): Promise<PoolState | null> {
    if (redis.status !== 'ready') return null;
    const current = await currentPacer();
    return current && poolState(await current.snapshot(), clock.now(), pool.afterPermitMs);
  }

  return {
    state() {
      if (latest && clock.now() < latest.untilMs) return latest.state;
      latest = { state: look().catch(() => null), untilMs: clock.now() + STATE_TTL_MS };
      return latest.state;
    },
    stop() {
      pacer?.stop();
    },
  };
}

export function poolState(credentials: readonly CredentialSnapshot[], nowMs: number, afterPermitMs = 0): PoolState {
  const open = credentials.filter(({ gate }) => gate.state === 'open');
  const counted = open.length > 0 ? open : credentials;
  const isOutage = open.length === 0 && credentials.some(({ gate }) => gate.reason === PROVIDER_OUTAGE);
  // The end of an outage is unknown: the next probe is the earliest moment at which it may be over.
  const ends = credentials
    .map(({ gate }) => gate.until ?? (gate.reason === PROVIDER_OUTAGE ? gate.probeAt : undefined))
    .flatMap((endMs) => (endMs === undefined ? [] : [Math.max(nowMs, endMs)]));
  return {
    credentials,
    callsPerSecond: counted.reduce((sum, { currentQps }) => sum + currentQps, 0),
    openAtMs: open.length > 0 ? nowMs : ends.length > 0 ? Math.min(...ends) : null,
    isOpen: open.length > 0,
    isOutage,
    afterPermitMs,
  };
}

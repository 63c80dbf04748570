/** Reads the endpoints of all tenants with their health. It returns only the host of a URL. */
import { type EndpointRecord, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import { canReceiveNotice } from '@cardseal/core/use-cases';
import type { AdminContext } from '../context.ts';

export type Health = 'healthy' | 'failing' | 'held' | 'disabled';

export interface EndpointLine {
  tenant: string;
  id: string;
  host: string;
  health: Health;
  sinceMs: number | null;
  heldUntilMs: number | null;
  pausedUntilMs: number | null;
  /** Consecutive failures. */
  streak: number;
  disabledBy: string | null;
  /** The response that set the health to failing. */
  cause: { class: string; status: number | null } | null;
  /** It fails or Cardseal disabled it, and the tenant has no other endpoint that receives a notice about it. */
  unheard: boolean;
}

type ReadParts = Pick<AdminContext, 'ledger' | 'endpointLimits' | 'redis' | 'clock'>;

const AT_ONCE = 50;

export async function readEndpoints(parts: ReadParts): Promise<EndpointLine[]> {
  const tenants = await parts.ledger.tenants.records.list(SYSTEM_TENANT);
  const lines: EndpointLine[] = [];
  for (const { id: tenant } of tenants) {
    const endpoints = (await parts.ledger.tenants.endpoints.list(tenant)).filter(
      ({ value }) => value.state !== 'deleted',
    );
    for (let at = 0; at < endpoints.length; at += AT_ONCE) {
      lines.push(
        ...(await Promise.all(endpoints.slice(at, at + AT_ONCE).map((one) => lineOf(parts, tenant, one, endpoints)))),
      );
    }
  }
  return lines.sort((a, b) => RANK[a.health] - RANK[b.health] || b.streak - a.streak);
}

const RANK: Record<Health, number> = { failing: 0, disabled: 1, held: 2, healthy: 3 };

async function lineOf(
  { endpointLimits, redis, clock }: ReadParts,
  tenant: string,
  { id, value }: Versioned<EndpointRecord>,
  ofTenant: readonly Versioned<EndpointRecord>[],
): Promise<EndpointLine> {
  const limit = redis.status === 'ready' ? await endpointLimits.read({ tenant, endpoint: id }).catch(() => null) : null;
  const held = limit?.heldUntilMs && limit.heldUntilMs > clock.now() ? limit.heldUntilMs : null;
  const paused = limit?.pausedUntilMs && limit.pausedUntilMs > clock.now() ? limit.pausedUntilMs : null;
  return {
    tenant,
    id,
    host: URL.canParse(value.url) ? new URL(value.url).host : '–',
    health: healthOf(value, held),
    sinceMs:
      (value.state === 'disabled' ? value.disabledAtMs : undefined) ??
      value.health?.sinceMs ??
      limit?.firstFailureMs ??
      null,
    heldUntilMs: held,
    pausedUntilMs: paused,
    streak: limit?.streak ?? 0,
    disabledBy: value.state === 'disabled' ? (value.disabledBy ?? 'owner') : null,
    cause: value.health?.cause ?? null,
    unheard: isUnheard(id, value, ofTenant),
  };
}

function isUnheard(
  id: string,
  { state, disabledBy, health }: EndpointRecord,
  all: readonly Versioned<EndpointRecord>[],
) {
  if (state === 'disabled')
    return (disabledBy ?? 'owner') !== 'owner' && !canReceiveNotice(id, 'endpoint.disabled', all);
  return health?.state === 'failing' && !canReceiveNotice(id, 'endpoint.failing', all);
}

function healthOf({ state, health }: EndpointRecord, heldMs: number | null): Health {
  if (state === 'disabled') return 'disabled';
  if (heldMs !== null) return 'held';
  return health?.state ?? 'healthy';
}

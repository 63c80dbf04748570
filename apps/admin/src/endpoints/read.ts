/** Every tenant's endpoints with their health, for the overview and the page of endpoints. URLs only as their host. */
import { type EndpointRecord, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import { canHearAbout } from '@cardseal/core/use-cases';
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
  /** Failures in a row. */
  streak: number;
  disabledBy: string | null;
  /** The response that made it fail. */
  cause: { class: string; status: number | null } | null;
  /** It fails or was given up, and the tenant has no other endpoint that a notice about it could reach. */
  unheard: boolean;
}

type ReadParts = Pick<AdminContext, 'ledger' | 'lanes' | 'redis' | 'clock'>;

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
  { lanes, redis, clock }: ReadParts,
  tenant: string,
  { id, value }: Versioned<EndpointRecord>,
  ofTenant: readonly Versioned<EndpointRecord>[],
): Promise<EndpointLine> {
  const lane = redis.status === 'ready' ? await lanes.read({ tenant, endpoint: id }).catch(() => null) : null;
  const held = lane?.heldUntilMs && lane.heldUntilMs > clock.now() ? lane.heldUntilMs : null;
  const paused = lane?.pausedUntilMs && lane.pausedUntilMs > clock.now() ? lane.pausedUntilMs : null;
  return {
    tenant,
    id,
    host: URL.canParse(value.url) ? new URL(value.url).host : '–',
    health: healthOf(value, held),
    sinceMs:
      (value.state === 'disabled' ? value.disabledAtMs : undefined) ??
      value.health?.sinceMs ??
      lane?.firstFailureMs ??
      null,
    heldUntilMs: held,
    pausedUntilMs: paused,
    streak: lane?.streak ?? 0,
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
  if (state === 'disabled') return (disabledBy ?? 'owner') !== 'owner' && !canHearAbout(id, 'endpoint.disabled', all);
  return health?.state === 'failing' && !canHearAbout(id, 'endpoint.failing', all);
}

function healthOf({ state, health }: EndpointRecord, heldMs: number | null): Health {
  if (state === 'disabled') return 'disabled';
  if (heldMs !== null) return 'held';
  return health?.state ?? 'healthy';
}

/** An endpoint as its owner sees it: never a secret, and only the names of its headers. */
import { type EndpointRecord, endpointMissing, type Versioned } from '@cardseal/core/ledger';
import type { EndpointLimitState } from '@cardseal/core/queue';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../../http/problems/index.ts';

/** `lane` is null while Redis is away: a hold is not visible then. */
export function endpointView({ id, value }: Versioned<EndpointRecord>, lane: EndpointLimitState | null, nowMs: number) {
  const { url, events, payload, publicKey, state, createdAtMs, headers, maxRate, secrets, disabledBy } = value;
  const heldMs = lane?.heldUntilMs && lane.heldUntilMs > nowMs ? lane.heldUntilMs : null;
  const since = (state === 'disabled' ? value.disabledAtMs : undefined) ?? value.health?.sinceMs ?? null;
  return {
    id,
    url,
    events,
    payload,
    ...(publicKey === null ? {} : { public_key: publicKey }),
    headers: Object.keys(headers),
    max_rate: maxRate ?? null,
    state,
    health: healthOf(value, heldMs),
    health_since: since === null ? null : new Date(since).toISOString(),
    health_reason: reasonOf(value, heldMs),
    held_until: heldMs === null ? null : new Date(heldMs).toISOString(),
    ...(state === 'disabled' ? { disabled_by: disabledBy ?? 'owner' } : {}),
    secrets: secrets.filter(({ untilMs }) => untilMs === null || untilMs > nowMs).length,
    created_at: new Date(createdAtMs).toISOString(),
    expires_at: value.expiresAtMs ? new Date(value.expiresAtMs).toISOString() : null,
  };
}

function healthOf({ state, health }: EndpointRecord, heldMs: number | null) {
  if (state === 'disabled') return 'disabled';
  if (heldMs !== null) return 'held';
  return health?.state ?? 'healthy';
}

/** Why it fails or was disabled. A hold has its own member; `disabled_by: owner` needs no reason. */
function reasonOf({ state, disabledBy, health }: EndpointRecord, heldMs: number | null) {
  const isTrouble = state === 'disabled' ? (disabledBy ?? 'owner') !== 'owner' : health?.state === 'failing';
  return isTrouble && heldMs === null ? (health?.cause ?? null) : null;
}

export function endpointId(request: FastifyRequest): string {
  const { id } = request.params as { id: string };
  if (!/^we_[0-9A-Z]{26}$/.test(id)) throw new Problem('not_found');
  return id;
}

/**
 * For a record that existed a moment ago, or that a delivery names. Throws DefectError `endpoint_record_missing` when
 * it is missing: a deletion leaves a record with the state `deleted`.
 */
export function stillPresent(
  record: Versioned<EndpointRecord> | null,
  ref: { tenant: string; endpoint: string },
): Versioned<EndpointRecord> {
  if (!record) throw endpointMissing(ref);
  return present(record);
}

export function present(record: Versioned<EndpointRecord> | null): Versioned<EndpointRecord> {
  if (!record || record.value.state === 'deleted') throw new Problem('not_found');
  return record;
}

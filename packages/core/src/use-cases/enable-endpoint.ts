/** Enables an endpoint again and recovers the deliveries that were parked while it was disabled. */
import type { EndpointRecord, Versioned } from '../ledger/index.ts';
import { type RecoveryParts, startRecovery } from './recover.ts';

/** Returns null when the endpoint does not exist. */
export async function enableEndpoint(
  parts: RecoveryParts,
  tenant: string,
  id: string,
): Promise<Versioned<EndpointRecord> | null> {
  const nowMs = parts.clock.now();
  const enabled = await parts.ledger.tenants.endpoints.change(tenant, id, (value) => enabledAgain(value, nowMs));
  // Also for an endpoint that is already enabled: an earlier call may have crashed before this step.
  if (enabled) await startRecovery(parts, tenant, id, { kind: 'parked', sinceMs: 0, untilMs: nowMs });
  return enabled;
}

function enabledAgain({ disabledBy: _by, disabledAtMs: _at, ...value }: EndpointRecord, nowMs: number): EndpointRecord {
  if (value.state !== 'disabled') return value;
  const health = { state: 'healthy' as const, sinceMs: nowMs, change: (value.health?.change ?? 0) + 1 };
  return { ...value, state: 'enabled', health };
}

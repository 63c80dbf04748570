/** Lists the last incidents, newest first: current problems, past problems, and actions of operators. Pure. */
import type { AuditEntry } from '@cardseal/core/ledger/audit';
import { reasonWords } from '../gates/words.ts';
import { count, span } from '../pages/words.ts';
import type { PastIncident } from './history.ts';
import type { Incident, Overview } from './view.ts';

const SHOWN = 12;
/** Many actions of one operator must not hide the incidents. The audit log has all actions. */
const ACTIONS_SHOWN = 5;
/** Actions that no incident causes. */
const QUIET = new Set(['login', 'logout', 'audit.export', 'tenant.create', 'tenant.change', 'key.create']);

export function incidentsOf(
  view: Omit<Overview, 'incidents'>,
  audit: readonly AuditEntry[],
  past: readonly PastIncident[],
): Incident[] {
  const gates = (view.credentials ?? []).flatMap(({ id, gate }) =>
    gate.state === 'closed' && gate.since
      ? [{ atMs: gate.since, what: `gate of ${id} closed: ${reasonWords(gate.reason)}`, href: '/gates' }]
      : [],
  );
  const failures = (view.failures ?? []).map(({ code, count: number, lastAtMs, tenant, job }) => ({
    atMs: lastAtMs,
    what: `${count(number)} failed with ${code}, most recently ${job}`,
    href: `/jobs/${tenant}/${job}`,
  }));
  const endpoints = (view.endpoints?.sick ?? []).flatMap(({ tenant, host, health, sinceMs }) =>
    sinceMs === null ? [] : [{ atMs: sinceMs, what: `endpoint ${host} of ${tenant} ${health}`, href: '/endpoints' }],
  );
  const actions = audit
    .filter(({ action }) => !QUIET.has(action))
    .slice(0, ACTIONS_SHOWN)
    .map(({ at, who, action, target }) => {
      const on = target.job ?? target.endpoint ?? target.credential ?? target.bulk ?? target.tenant ?? '';
      const href =
        target.tenant && target.job
          ? `/jobs/${target.tenant}/${target.job}`
          : target.bulk
            ? `/bulk/${target.bulk}`
            : null;
      return { atMs: Date.parse(at), what: `${who}: ${action} ${on}`, href };
    });
  const ended = past.map(({ what, href, sinceMs, untilMs }) => ({
    atMs: untilMs,
    what: `${what}, for ${span(untilMs - sinceMs)}`,
    href,
  }));
  return [...gates, ...failures, ...endpoints, ...ended, ...actions].sort((a, b) => b.atMs - a.atMs).slice(0, SHOWN);
}

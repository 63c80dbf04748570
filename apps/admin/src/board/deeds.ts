/** What is done in Bull Board stands in the audit log before it is done, and once more when it did not come about. */
import type { AuditAction, AuditEntry } from '@cardseal/core/ledger/audit';
import { describeError } from '@cardseal/core/log';
import type { FastifyRequest } from 'fastify';
import type { AdminContext } from '../context.ts';
import type { Target } from './target.ts';

export interface Deeds {
  /** Throws when it cannot be put on record; then it must not be done. */
  began(request: FastifyRequest, action: AuditAction, target: Target): Promise<void>;
  /** For answers from 400 up; does nothing for what was no deed. */
  failed(request: FastifyRequest, status: number, payload: unknown): Promise<void>;
}

export function createDeeds({ ledger, log }: Pick<AdminContext, 'ledger' | 'log'>): Deeds {
  const begun = new WeakMap<FastifyRequest, AuditEntry>();
  return {
    async began(request, action, target) {
      const { user, role } = request.session!;
      const entry = await ledger.operators.audit.append({ who: user, role, action, target, reason: null });
      begun.set(request, entry);
      log.info('admin.action', {
        admin: user,
        step: action,
        count: entry.seq,
        tenant: target.tenant,
        job_id: target.job,
      });
    },
    async failed(request, status, payload) {
      const entry = begun.get(request);
      if (!entry) return;
      const { who, role, action, target, seq } = entry;
      const detail = { failed: codeIn(payload) ?? `status_${status}`, of: seq };
      await ledger.operators.audit
        .append({ who, role, action, target, reason: null, detail })
        .catch((error) => log.error('admin.audit_failed', { admin: who, ...describeError(error) }));
    },
  };
}

/** null where Bull Board answered with a key of its own words, and not with a code of ours. */
function codeIn(payload: unknown): string | null {
  if (typeof payload !== 'string' || !payload.startsWith('{')) return null;
  const { code } = JSON.parse(payload) as { code?: unknown };
  return typeof code === 'string' && /^[a-z0-9_]{1,60}$/.test(code) ? code : null;
}

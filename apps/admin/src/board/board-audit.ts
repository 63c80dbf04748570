/** Audits the actions in Bull Board: one entry before the action, and a second one when the action fails. */
import type { AuditAction, AuditEntry } from '@cardseal/core/ledger/audit';
import { describeError } from '@cardseal/core/log';
import type { FastifyRequest } from 'fastify';
import type { AdminContext } from '../context.ts';
import type { Target } from './target.ts';

export interface BoardAudit {
  /** Writes the entry. If it throws, the action must not run. */
  began(request: FastifyRequest, action: AuditAction, target: Target): Promise<void>;
  /** Writes the second entry for a response with status 400 or more. Ignores requests without a first entry. */
  failed(request: FastifyRequest, status: number, payload: unknown): Promise<void>;
}

export function createBoardAudit({ ledger, log }: Pick<AdminContext, 'ledger' | 'log'>): BoardAudit {
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

/** Returns null when the response holds a text of Bull Board instead of a code of Cardseal. */
function codeIn(payload: unknown): string | null {
  if (typeof payload !== 'string' || !payload.startsWith('{')) return null;
  const { code } = JSON.parse(payload) as { code?: unknown };
  return typeof code === 'string' && /^[a-z0-9_]{1,60}$/.test(code) ? code : null;
}

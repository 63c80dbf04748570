/** Bulk retry: counts the matching jobs, starts a run at a limited rate, shows its progress and cancels it. */
import { RejectedError } from '@cardseal/base/errors';
import { newId } from '@cardseal/core/job';
import { type BulkRetryRecord, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, parseQuery, reason, sendPage, wrongInput } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { jobFilter } from '../search/query.ts';
import { bulkPage, runPage, sum } from './page.ts';
import type { BulkRunner } from './runner.ts';
import { type BulkQuery, dryRun } from './selection.ts';

const filter = {
  tenant: jobFilter.tenant,
  state: z.enum(['failed', 'expired']).optional(),
  code: jobFilter.code,
  created_after: jobFilter.created_after,
  created_before: jobFilter.created_before,
};
const filterSchema = z.strictObject(filter);
const startSchema = z.strictObject({
  ...filter,
  per_second: z.coerce.number().int().min(1).max(200).default(10),
  /** Only counts, and returns some matching jobs. */
  dry_run: z.coerce.boolean().default(false),
  reason: reason.optional(),
});

/** Enough to list some hundred thousand names. If it is not, the count is a lower bound. */
const COUNT_BUDGET_MS = 15_000;
/** Shorter at a start: the operator usually counted before, and waits for the response. */
const START_BUDGET_MS = 3000;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: registers the routes of one page, which share its parsed form.
export function bulkRoutes(app: FastifyInstance, context: AdminContext, runner: BulkRunner): void {
  const { ledger, clock } = context;

  app.get('/bulk', async (request, reply) => {
    const session = request.session!;
    const raw = request.query as Record<string, string>;
    const asked = parseQuery(filterSchema, request);
    const runs = (await ledger.operators.bulkRetries.list(SYSTEM_TENANT)).sort(
      (a, b) => b.value.startedAtMs - a.value.startedAtMs,
    );
    const dry = Object.keys(raw).length > 0 ? await dryRun(context, queryOf(asked), COUNT_BUDGET_MS) : null;
    const tenants = (await ledger.tenants.records.list(SYSTEM_TENANT)).map(({ id }) => id);
    const body = bulkPage({ runs, dry, raw, tenants, mayStart: mayActAs(session.role, 'operator') });
    return sendPage(reply, page({ title: 'Bulk retry', place: '/bulk', session, body }));
  });

  app.get('/bulk/:id', async (request, reply) => {
    const session = request.session!;
    const run = await readRun(context, request.params as Record<string, string>);
    const body = runPage(run, mayActAs(session.role, 'operator'), clock.now());
    const refreshS = run.value.state === 'running' ? 2 : null;
    return sendPage(reply, page({ title: 'Bulk retry', place: '/bulk', session, body, refreshS }));
  });

  app.get('/api/bulk-retries', async () => ({
    data: (await ledger.operators.bulkRetries.list(SYSTEM_TENANT)).map(viewOf),
  }));
  app.get('/api/bulk-retries/:id', async (request) =>
    viewOf(await readRun(context, request.params as Record<string, string>)),
  );

  action(app, {
    path: '/api/bulk-retries',
    role: 'operator',
    body: startSchema,
    async run({ session, body }) {
      const query = queryOf(body);
      const dry = await dryRun(context, query, body.dry_run ? COUNT_BUDGET_MS : START_BUDGET_MS);
      const counted = {
        ...{ dry_run: body.dry_run, matches: dry.count, complete: dry.complete },
        ...{ left_out: sum(dry.leftOut), left_out_by_code: dry.leftOut },
      };
      if (body.dry_run)
        return { ...counted, id: null, sample: dry.sample.map(({ job, tenant, code }) => ({ id: job, tenant, code })) };
      const { reason: why } = body;
      if (!why) throw wrongInput('reason', 'must not be empty');
      const id = newId('bulk', clock.now());
      const record: BulkRetryRecord = {
        ...{ state: 'running', query, startedAtMs: clock.now(), endedAtMs: null, perSecond: body.per_second },
        ...{ expected: dry.count, by: session.user, reason: why, after: null, retried: 0, skipped: {} },
      };
      const detail = { expected: dry.count, per_second: body.per_second, code: query.code, state: query.state };
      const target = { bulk: id, ...(query.tenant ? { tenant: query.tenant } : {}) };
      await audited(context, session, { action: 'bulk_retry.start', target, reason: why, detail }, () =>
        ledger.operators.bulkRetries.create(SYSTEM_TENANT, id, record),
      );
      runner.wake();
      return { ...counted, id };
    },
    next: ({ id }) => (id ? `/bulk/${id}` : '/bulk'),
  });

  action(app, {
    path: '/api/bulk-retries/:id/cancel',
    role: 'operator',
    body: z.strictObject({ reason: reason.optional() }),
    async run({ session, params, body }) {
      const { id } = await readRun(context, params);
      const entry = { action: 'bulk_retry.cancel', target: { bulk: id }, reason: body.reason ?? null } as const;
      const ended = await audited(context, session, entry, () =>
        ledger.operators.bulkRetries.change(SYSTEM_TENANT, id, (value) =>
          value.state === 'running' ? { ...value, state: 'cancelled', endedAtMs: clock.now() } : value,
        ),
      );
      return viewOf(ended!);
    },
    next: (_result, { params }) => `/bulk/${params.id}`,
  });
}

function queryOf(asked: z.output<typeof filterSchema>): BulkQuery {
  return {
    tenant: asked.tenant ?? null,
    state: asked.state ?? null,
    code: asked.code ?? null,
    createdAfterMs: asked.created_after ?? null,
    createdBeforeMs: asked.created_before ?? null,
  };
}

async function readRun({ ledger }: AdminContext, { id }: Record<string, string>): Promise<Versioned<BulkRetryRecord>> {
  const run = /^bulk_[0-9A-Z]{26}$/.test(id ?? '') ? await ledger.operators.bulkRetries.get(SYSTEM_TENANT, id!) : null;
  if (!run) throw new RejectedError('not_found');
  return run;
}

function viewOf({ id, value }: Versioned<BulkRetryRecord>) {
  const { state, query, startedAtMs, endedAtMs, perSecond, expected, by, retried, skipped } = value;
  return { id, state, query, startedAtMs, endedAtMs, perSecond, expected, by, retried, skipped };
}

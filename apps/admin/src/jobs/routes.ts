/** One job: its page, its retry, the resend of a delivery, and the full result, which gets an audit entry. */

import { RejectedError } from '@cardseal/base/errors';
import { isJobId, type JobId, type JobView } from '@cardseal/core/job';
import type { DeliveryRef } from '@cardseal/core/ledger';
import type { AuditEntry } from '@cardseal/core/ledger/audit';
import { resendDelivery, retryJob } from '@cardseal/core/use-cases';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, type Call, reason, sendPage } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { html } from '../pages/html.ts';
import { page } from '../pages/layout.ts';
import { AUDIT_SEARCHED, jobPage, resultTable } from './page.ts';
import { type OperatorView, readForOperator } from './read.ts';
import { timelineOf } from './timeline.ts';

const TENANT = /^[a-z0-9][a-z0-9-]{1,39}$/;
const DELIVERY = /^((?:job|evt)_[0-9A-Z]{26,32})-(\d{1,6})-(we_[0-9A-Z]{26})$/;

export function jobRoutes(app: FastifyInstance, context: AdminContext): void {
  const { ledger, jobQueue, clock } = context;
  const why = z.strictObject({ reason });

  async function read(params: Record<string, string>): Promise<OperatorView> {
    const known = isJobId(params.job!) && TENANT.test(params.tenant!);
    const view = known ? await readForOperator(context, params.tenant!, params.job as JobId) : null;
    if (!view) throw new RejectedError('not_found');
    return view;
  }
  async function auditOf(job: JobId): Promise<AuditEntry[]> {
    const { entries } = await ledger.operators.audit.page(null, AUDIT_SEARCHED);
    return entries.filter(({ target }) => target.job === job);
  }
  const jobPath = ({ params }: Call<unknown>) => `/jobs/${params.tenant}/${params.job}`;

  app.get('/jobs/:tenant/:job', async (request, reply) => {
    const session = request.session!;
    const view = await read(request.params as Record<string, string>);
    const audit = mayActAs(session.role, 'operator') ? await auditOf(view.job) : [];
    const body = jobPage(view, timelineOf(view, audit), session.role);
    const refreshS = view.erased ? null : 4;
    return sendPage(reply, page({ title: view.job, place: '/jobs', session, body, refreshS }));
  });

  app.get('/api/jobs/:tenant/:job', async (request) => {
    const view = await read(request.params as Record<string, string>);
    return { ...view, timeline: timelineOf(view) };
  });

  action(app, {
    path: '/api/jobs/:tenant/:job/retry',
    role: 'operator',
    body: why,
    status: 202,
    async run({ session, params, body }) {
      const { tenant, job } = await read(params);
      const entry = { action: 'job.retry', target: { tenant, job }, reason: body.reason } as const;
      const generation = await audited(context, session, entry, () => retryJob({ ledger, jobQueue }, tenant, job));
      return { id: job, generation };
    },
    next: (_result, call) => jobPath(call),
  });

  action(app, {
    path: '/api/deliveries/:tenant/:delivery/resend',
    role: 'operator',
    body: why,
    status: 202,
    async run({ session, params, body }) {
      const ref = await readDelivery(context, params);
      const { tenant, job, endpoint, generation } = ref;
      const target = { tenant, job, endpoint };
      const entry = { action: 'delivery.resend', target, reason: body.reason, detail: { generation } } as const;
      await audited(context, session, entry, () => resendDelivery({ ledger, jobQueue, clock }, ref));
      return { tenant, job, generation, endpoint };
    },
    next: ({ tenant, job }) => `/jobs/${tenant}/${job}`,
  });

  action(app, {
    path: '/api/jobs/:tenant/:job/reveal',
    role: 'operator',
    verbatim: true,
    body: z.strictObject({ reason: reason.min(10, 'must give a reason of at least 10 characters') }),
    async run({ session, params, body }) {
      const { tenant, job, result } = await read(params);
      if (!result) throw new RejectedError('no_result');
      const entry = { action: 'job.reveal', target: { tenant, job }, reason: body.reason } as const;
      return audited(context, session, entry, () => readInFull(context, tenant, job));
    },
    next: ({ id, result, reference, metadata }, call) => ({
      title: 'Full result',
      body: html`<h1>Full result of <span class="id">${id}</span></h1>
<p class="soft">The audit log records this view. <a href="${jobPath(call)}">Back to the job</a></p>
${resultTable(result!)}
<section class="card"><dl class="wide"><dt>reference</dt><dd>${reference ?? '–'}</dd>
${Object.entries(metadata).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`,
    }),
  });
}

async function readInFull({ ledger }: AdminContext, tenant: string, job: JobId): Promise<JobView> {
  const { decided } = await ledger.jobs.inventory(tenant, job);
  const outcome = await (await ledger.jobs.open(tenant, job))?.outcome(decided.at(-1) ?? 1);
  if (!outcome) throw new RejectedError('not_found');
  return (JSON.parse(outcome.full) as { data: JobView }).data;
}

/** Throws RejectedError `not_found` when the delivery never existed, or its endpoint is deleted. */
async function readDelivery({ ledger }: AdminContext, params: Record<string, string>): Promise<DeliveryRef> {
  const [, job, generation, endpoint] = DELIVERY.exec(params.delivery!) ?? [];
  if (!job || !TENANT.test(params.tenant!)) throw new RejectedError('not_found');
  const ref = { tenant: params.tenant!, job: job as JobId, generation: Number(generation), endpoint: endpoint! };
  const [{ entries }, owed, parked, record] = await Promise.all([
    ledger.deliveries.records.read(ref),
    ledger.jobs.markers.isOwed(ref),
    ledger.jobs.markers.isParked(ref),
    ledger.tenants.endpoints.get(ref.tenant, ref.endpoint),
  ]);
  const known = entries > 0 || owed || parked;
  if (!known || !record || record.value.state === 'deleted') throw new RejectedError('not_found');
  return ref;
}

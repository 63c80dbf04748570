/** `/jobs`: search by id, reference, state, failure code, tenant and time. */
import { isJobId } from '@cardseal/core/job';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import { parseQuery, sendPage } from '../actions/action.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { searchPage } from './page.ts';
import { type Search, searchSchema } from './query.ts';
import { findJob, type JobQuery, searchJobs } from './search.ts';

export function searchRoutes(app: FastifyInstance, context: AdminContext): void {
  app.get('/jobs', async (request, reply) => {
    const search = parseQuery(searchSchema, request);
    const { session } = request;
    if (search.id && isJobId(search.id)) {
      const tenant = await findJob(context, search.id);
      if (tenant) return reply.redirect(`/jobs/${tenant}/${search.id}`, 303);
    }
    const tenants = (await context.ledger.tenants.records.list(SYSTEM_TENANT)).map(({ id }) => id);
    const found = search.id ? { jobs: [], next: null, lookedBackToMs: null } : await run(search);
    const body = searchPage(search, found, tenants, request.query as Record<string, string>);
    return sendPage(reply, page({ title: 'Jobs', place: '/jobs', session, body }));
  });

  app.get('/api/jobs', async (request) => {
    const search = parseQuery(searchSchema, request);
    if (search.id) {
      const tenant = isJobId(search.id) ? await findJob(context, search.id) : null;
      return { data: tenant ? [{ id: search.id, tenant }] : [], next_cursor: null };
    }
    const { jobs, next, lookedBackToMs } = await run(search);
    const data = jobs.map(({ tenant, job, createdAtMs, generation, state, code }) => {
      const created_at = new Date(createdAtMs).toISOString();
      return { id: job, tenant, generation, state, code: code === '-' ? null : code, created_at };
    });
    const looked = lookedBackToMs === null ? null : new Date(lookedBackToMs).toISOString();
    return { data, next_cursor: next, looked_back_to: looked };
  });

  function run({ limit, cursor, ...search }: Search) {
    return searchJobs(context, queryOf(search), { cursor, limit });
  }
}

function queryOf(filter: Omit<Partial<Search>, 'limit' | 'cursor' | 'id'>): JobQuery {
  const { tenant, state, code, reference, created_after, created_before } = filter;
  return { tenant, state, code, reference, createdAfterMs: created_after, createdBeforeMs: created_before };
}

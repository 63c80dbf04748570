/** `/` and `/api/overview`: the overview as a page and as JSON. */
import type { FastifyInstance } from 'fastify';
import { sendPage } from '../actions/action.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { diagnose } from './diagnose.ts';
import { overviewPage } from './page.ts';
import type { OverviewReader } from './read.ts';

const REFRESH_S = 3;

export function overviewRoutes(app: FastifyInstance, _context: AdminContext, overview: OverviewReader): void {
  app.get('/', async ({ session }, reply) => {
    const body = overviewPage(await overview.read());
    return sendPage(reply, page({ title: 'Overview', place: '/', session, body, refreshS: REFRESH_S }));
  });
  app.get('/api/overview', async () => {
    const view = await overview.read();
    return { ...view, troubles: diagnose(view) };
  });
}

/** What one sees when something could not be done: the code, what it means, and the way back. */
import type { Session } from '../auth/session.ts';
import { html } from './html.ts';
import { page } from './layout.ts';

const WORDS: Record<string, string> = {
  forbidden: 'Your role may not do this.',
  not_found: 'There is no such thing here.',
  invalid_request: 'Something was filled in that cannot be used.',
  store_unavailable: 'The object store does not answer. Nothing was done; try again.',
  queue_unavailable: 'Redis does not answer. Nothing was done; try again.',
  job_not_retryable: 'Only a job that failed or expired can be tried again, and this one is at work or ended well.',
  picture_gone: 'The retry window has passed and the picture is deleted: it has to be handed in again.',
  pool_unknown: 'No worker has said yet which credentials there are.',
  endpoint_disabled: 'The endpoint is disabled: enable it first.',
  tenant_exists: 'There is a tenant of this name already.',
  no_result: 'This job has no result.',
};

export function failurePage(parts: {
  status: number;
  code: string;
  problem: Readonly<Record<string, unknown>>;
  session: Session | null;
}): string {
  const { status, code, problem, session } = parts;
  const more = code === 'invalid_request' && problem.at ? `${problem.at}: ${problem.problem}` : null;
  const body = html`<h1>${status} <code>${code}</code></h1>
<p>${WORDS[code] ?? 'It could not be done.'}</p>${more && html`<p class="error">${more}</p>`}<p><a href="/">Overview</a></p>`;
  return page({ title: String(status), place: null, session, body });
}

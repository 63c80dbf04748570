/** The page for a failed request: the code, its meaning, and a link to the overview. */
import type { Session } from '../auth/session.ts';
import { html } from './html.ts';
import { page } from './layout.ts';

const WORDS: Record<string, string> = {
  forbidden: 'Your role may not do this.',
  not_found: 'The page or object does not exist.',
  invalid_request: 'A value in the form is not valid.',
  store_unavailable: 'The object store does not answer. Nothing was changed; try again.',
  queue_unavailable: 'Redis does not answer. Nothing was changed; try again.',
  job_not_retryable: 'Only a failed or expired job can be retried. This job is unfinished or ended in another state.',
  picture_gone: 'The retry window has passed and the image is deleted. The customer must submit it again.',
  pool_unknown: 'No worker has reported its credentials yet.',
  endpoint_disabled: 'The endpoint is disabled: enable it first.',
  tenant_exists: 'A tenant with this name exists already.',
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
<p>${WORDS[code] ?? 'The action failed.'}</p>${more && html`<p class="error">${more}</p>`}<p><a href="/">Overview</a></p>`;
  return page({ title: String(status), place: null, session, body });
}

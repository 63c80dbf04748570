/** Sends the requests and compares every response with the document. */
import fc from 'fast-check';
import { json, startTestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { type DescribedOperation, describedOperations } from '../../support/openapi.ts';
import { type FuzzRequest, requests } from './requests.ts';

export interface FuzzReport {
  sent: number;
  seconds: number;
  byStatus: Record<string, number>;
  slowestMs: number;
  violations: { request: string; found: string }[];
}

const HANG_MS = 5000;
const AT_ONCE = 16;
/** Responses of the HTTP layer and the router, possible on any path. */
const ALWAYS = new Set([400, 404, 405, 413, 415]);

export async function fuzzApi(count: number, seed: number): Promise<FuzzReport> {
  const api = await startTestApi();
  try {
    const keys = [await api.key('bank'), await api.key('other'), await api.key('bank', ['jobs:read'])];
    const image = (await plainJpeg()).toString('base64');
    const job = (await api.call('POST', '/v1/jobs', { key: keys[0]!, ...json({ front: { image } }) })).body.id;
    const endpoint = { url: 'http://127.0.0.1:9/', payload: 'reference' };
    const hook = (await api.call('POST', '/v1/webhook-endpoints', { key: keys[0]!, ...json(endpoint) })).body.id;
    const { operations, document } = await describedOperations(api.url);
    const codes = new Set<string>(document.components.schemas.Problem.properties.code.enum);
    const arbitrary = requests(operations, { ids: [job, hook, 'batch_01JGFJJZ00D4W7T5Q8XMEY2RBN', 'job_none'], keys });
    return await run(api.url, fc.sample(arbitrary, { numRuns: count, seed }), codes);
  } finally {
    await api.stop();
  }
}

async function run(url: string, all: readonly FuzzRequest[], codes: ReadonlySet<string>): Promise<FuzzReport> {
  const report: FuzzReport = { sent: 0, seconds: 0, byStatus: {}, slowestMs: 0, violations: [] };
  const startedAtMs = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < all.length) await sendOne(url, all[next++]!, codes, report);
    }),
  );
  report.seconds = (performance.now() - startedAtMs) / 1000;
  return report;
}

async function sendOne(url: string, request: FuzzRequest, codes: ReadonlySet<string>, report: FuzzReport) {
  const { method, path, headers, body, operation } = request;
  const fail = (found: string) =>
    report.violations.push({ request: `${method} ${path} ${JSON.stringify(headers['content-type'])}`, found });
  const startedAtMs = performance.now();
  try {
    const response = await fetch(url + path, { method, headers, body, signal: AbortSignal.timeout(HANG_MS) });
    const streams = /event-stream|ndjson/.test(response.headers.get('content-type') ?? '');
    if (streams) await response.body?.cancel();
    const text = streams ? '' : await response.text();
    report.byStatus[response.status] = (report.byStatus[response.status] ?? 0) + 1;
    const found = problemWith(response, text, operation, method, codes);
    if (found) fail(found);
  } catch (error) {
    // `fetch` itself refuses to send some requests.
    if ((error as Error).name === 'TimeoutError') fail('no answer within 5 s');
    else if (!/invalid|parse|Request/i.test(String((error as Error).message)))
      fail(`no answer: ${(error as Error).message}`);
  }
  report.slowestMs = Math.max(report.slowestMs, performance.now() - startedAtMs);
  report.sent++;
}

function problemWith(
  { status, headers }: Response,
  text: string,
  { statuses, id, method: described }: DescribedOperation,
  method: string,
  codes: ReadonlySet<string>,
): string | null {
  if (!headers.get('request-id')) return `${id}: ${status} without request-id`;
  if (status >= 500) return `${id}: ${status} ${text.slice(0, 200)}`;
  if (status >= 400) {
    if (headers.get('content-type') !== 'application/problem+json') return `${id}: ${status} is no problem document`;
    const problem = JSON.parse(text) as { status: number; code: string; type: string };
    if (problem.status !== status || !codes.has(problem.code)) return `${id}: ${status} with code ${problem.code}`;
    if ((status === 429 || status === 503) && !headers.get('retry-after'))
      return `${id}: ${status} without retry-after`;
  }
  // Another method is another operation, or none.
  if (method !== described || statuses.includes(status) || ALWAYS.has(status)) return null;
  return `${id}: ${status} is not described`;
}

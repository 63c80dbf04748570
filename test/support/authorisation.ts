/** Who may do what, asked of the API itself: every route with every scope alone, with none, and by a foreign tenant. */
import { SCOPES } from '@cardseal/core/ledger';
import { json, startTestApi, type TestApi } from './api.ts';
import { plainJpeg } from './images.ts';
import { type DescribedOperation, describedOperations } from './openapi.ts';
import { endJob } from './outcomes.ts';

/** Answers by who asks: `none`, a scope, `foreign` (all scopes, another tenant). Null for what does not apply. */
export interface MatrixRow {
  method: string;
  path: string;
  answers: Record<string, number>;
}

export const ASKERS = ['none', ...SCOPES, 'foreign'] as const;

/** Each answer comes from an API of its own state: nothing that one asks for changes what the next is told. */
export async function authorisationMatrix(): Promise<MatrixRow[]> {
  const api = await startTestApi();
  try {
    const { operations } = await describedOperations(api.url);
    const rows: MatrixRow[] = [];
    for (const operation of operations) {
      const answers: Record<string, number> = {};
      for (const asker of ASKERS) answers[asker] = await ask(api, operation, asker);
      rows.push({ method: operation.method, path: operation.path, answers });
    }
    return rows.sort((a, b) => a.path.localeCompare(b.path, 'en') || a.method.localeCompare(b.method, 'en'));
  } finally {
    await api.stop();
  }
}

async function ask(api: TestApi, { method, path }: DescribedOperation, asker: (typeof ASKERS)[number]) {
  const ids = await freshThings(api, path.split('/')[2] ?? '');
  const filled = path.replace('{id}', ids).replace('{side}', 'front').replace('{name}', 'none');
  const headers: Record<string, string> = {};
  if (asker === 'foreign') headers.authorization = `Bearer ${await api.key('other')}`;
  else if (asker !== 'none') headers.authorization = `Bearer ${await api.key('bank', [asker])}`;
  // Without a body: who may ask is told what is wrong with the request, and who may not is not told that.
  const response = await fetch(api.url + filled, { method, headers });
  await response.arrayBuffer();
  return response.status;
}

/** The id of a thing that is there for its owner. */
async function freshThings(api: TestApi, kind: string): Promise<string> {
  const key = await api.key('bank');
  const image = (await plainJpeg()).toString('base64');
  const made = (route: string, init: RequestInit) => api.call('POST', route, { key, ...init });
  if (kind === 'jobs') {
    const job = (await made('/v1/jobs', json({ front: { image } }))).body;
    await endJob(api.ledger, 'bank', job, { state: 'succeeded' });
    return job.id;
  }
  if (kind === 'webhook-endpoints') {
    return (await made('/v1/webhook-endpoints', json({ url: 'http://127.0.0.1:9/', payload: 'reference' }))).body.id;
  }
  if (kind === 'batches') {
    const headers = { 'content-type': 'application/x-ndjson' };
    return (await made('/v1/batches', { body: JSON.stringify({ front: { image } }), headers })).body.id;
  }
  return 'none';
}

/** The page `docs/use/authorisation.md`, whole. */
export function authorisationPage(rows: readonly MatrixRow[]): string {
  const cell = (status: number) => (status === 401 || status === 403 ? `${status}` : `**${status}**`);
  const line = ({ method, path, answers }: MatrixRow) =>
    `| \`${method} ${path}\` | ${ASKERS.map((asker) => cell(answers[asker]!)).join(' | ')} |`;
  return `# Who may do what

Made by \`npm run soak -- authorisation --write\`, which asks a running API; a contract test fails when this page and the
API differ. Each number is the status that a request **without a body** was answered: 401 without a key, 403 with a key
whose one scope is not enough, and in bold what it was told once it was let in (a 4xx there is about the body or the thing
that was asked for). \`foreign\` is a key of another tenant that has every scope: of what is not its own it is told 404,
as if there were no such thing. Routes that need no key answer everyone alike.

| route | no key | ${SCOPES.map((scope) => `\`${scope}\``).join(' | ')} | foreign |
|---|${ASKERS.map(() => '---').join('|')}|
${rows.map(line).join('\n')}
`;
}

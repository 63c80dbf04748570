/** A key that is revoked or loses a scope while its requests wait: they end within two seconds, and say why. */

import { systemClock } from '@cardseal/base/clock';
import { createApiKey } from '@cardseal/core/access';
import type { JobView } from '@cardseal/core/job';
import type { ApiKeyRecord } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';

const PROMISED_MS = 2000;
/** For the machine that runs the tests. */
const SLACK_MS = 1500;

describe('a key that ends while its requests wait', () => {
  let api: TestApi;
  let image: string;
  let job: JobView;
  beforeAll(async () => {
    api = await startTestApi();
    image = (await plainJpeg()).toString('base64');
    const key = await api.key('bank');
    job = (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body;
  });
  afterAll(() => api.stop());

  const changes: [string, number, string, (record: ApiKeyRecord) => ApiKeyRecord][] = [
    ['is revoked', 401, 'unauthorized', (record) => ({ ...record, revokedAtMs: Date.now() })],
    ['expires', 401, 'unauthorized', (record) => ({ ...record, expiresAtMs: Date.now() })],
    [
      'loses results:read',
      403,
      'forbidden',
      (record) => ({ ...record, scopes: record.scopes.filter((scope) => scope !== 'results:read') }),
    ],
  ];

  /** Starts the request, changes the key, and returns the response with the time since the change. */
  async function endKey(begin: (key: string) => Promise<Response>, change: (record: ApiKeyRecord) => ApiKeyRecord) {
    const scopes = ['jobs:read', 'jobs:write', 'results:read'] as const;
    const { key, id } = await createApiKey(api.ledger, systemClock, {
      tenant: 'bank',
      env: 'test',
      scopes: [...scopes],
    });
    const waiting = begin(key).then(async (response) => ({ response, text: await response.text() }));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const startedMs = performance.now();
    await api.ledger.tenants.apiKeys.change('bank', id, change);
    const answer = await waiting;
    expect(performance.now() - startedMs).toBeLessThan(PROMISED_MS + SLACK_MS);
    return answer;
  }
  const get = (path: string) => (key: string) =>
    fetch(`${api.url}/v1/jobs/${job.id}${path}`, { headers: { authorization: `Bearer ${key}` } });

  describe.each(changes)('%s', (_how, status, code, change) => {
    it('ends a long poll', async () => {
      const { response, text } = await endKey(get('?wait=30'), change);
      expect([response.status, JSON.parse(text).code]).toEqual([status, code]);
    });

    it('ends a stream of events with a last event', async () => {
      const { text } = await endKey(get('/events'), change);
      const last = text.trimEnd().split('\n\n').at(-1)!;
      expect(last).toMatch(/^event: problem$/m);
      expect(JSON.parse(/^data: (.*)$/m.exec(last)![1]!)).toMatchObject({ status, code });
    });

    it('ends a submit that waits, whose Location names the accepted job', async () => {
      const { response } = await endKey(
        (key) =>
          fetch(`${api.url}/v1/jobs`, {
            method: 'POST',
            ...json({ front: { image } }),
            headers: { authorization: `Bearer ${key}`, prefer: 'wait=30', 'content-type': 'application/json' },
          }),
        change,
      );
      expect(response.status).toBe(status);
      const accepted = response.headers.get('location')!;
      expect((await api.call('GET', accepted, { key: await api.key('bank') })).body.state).toBe('queued');
    });
  });
});

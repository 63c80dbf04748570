import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateSpecimens, type Specimen } from '../cards/index.ts';
import { CREDENTIAL, fetchToken, formOf, startClient, type TestClient } from '../client-for-tests.ts';

const [card] = (await Array.fromAsync(generateSpecimens({ count: 1, scenario: 'good' }))) as [Specimen];
let client: TestClient;
beforeEach(async () => {
  client = await startClient();
});
afterEach(() => client.stop());

const call = () => client.call(card.front, 'front');

describe('control', () => {
  it('replaces only the given keys, and resets all', async () => {
    await client.control({ limits: { qps: 7 }, latency_ms: { p99: 1 } });
    const state = (await (await client.control({ limits: { daily: 3 } })).json()) as object;
    expect(state).toEqual({
      limits: { qps: 7, window: 'sliding', daily: 3, total: null },
      latency_ms: { p50: 0, p99: 1 },
      faults: [],
    });
    const reset = await fetch(`${client.url}/__control`, { method: 'DELETE' });
    expect(await reset.json()).toMatchObject({
      limits: { qps: null, daily: null },
      latency_ms: { p50: 150, p99: 400 },
    });
  });

  it('refuses unknown keys and values', async () => {
    for (const wrong of [
      { limit: {} },
      { faults: [{ kind: 'error' }] },
      { faults: [{ kind: 'odd' }] },
      { limits: { qps: -1 } },
    ]) {
      expect((await client.control(wrong)).status).toBe(400);
    }
    expect((await fetch(`${client.url}/__control/nothing`)).status).toBe(404);
  });

  it('refuses calls over a limit with its code, and counts them', async () => {
    await client.control({ limits: { qps: 2 } });
    const codes = await Promise.all([call(), call(), call()]);
    expect(codes.map(({ json }) => json.error_code).filter(Boolean)).toEqual([18]);
    await client.control({ limits: { qps: 1000, daily: 0 } });
    expect((await call()).json.error_code).toBe(17);
    await client.control({ limits: { daily: null, total: 0 } });
    expect((await call()).json.error_code).toBe(19);
    expect(await client.stats()).toMatchObject({
      calls: 5,
      accepted: 2,
      rejected_qps: 1,
      rejected_quota: 2,
      max_in_any_second: 2,
      by_code: { 0: 2, 17: 1, 18: 1, 19: 1 },
      token_requests: 1,
    });
  });

  it('counts a call when its headers arrive, before the body', async () => {
    await client.control({ limits: { total: 1 } });
    const path = `/rest/2.0/ocr/v1/idcard_enc?access_token=${client.token}`;
    const open = request(client.url + path, { method: 'POST', headers: { 'content-length': 100 } });
    open.on('error', () => {});
    open.flushHeaders();
    while ((await client.stats()).calls === 0);
    expect((await call()).json.error_code).toBe(19);
    open.destroy();
    while ((await client.stats()).failed === 0);
    expect(await client.stats()).toMatchObject({ calls: 2, rejected_quota: 1, by_code: { client_gone: 1 } });
  });

  it('keeps a log of calls with the hashes of images', async () => {
    await call();
    await client.control({ limits: { qps: 0 } });
    await call();
    const lines = (await (await fetch(`${client.url}/__control/calls`)).text()).trim().split('\n');
    const image_sha256 = createHash('sha256').update(card.front).digest('hex');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { at: expect.any(Number), credential: 'dev-1', side: 'front', outcome: 'accepted', code: 0, image_sha256 },
      {
        at: expect.any(Number),
        credential: 'dev-1',
        side: null,
        outcome: 'rejected_qps',
        code: 18,
        image_sha256: null,
      },
    ]);
  });
});

describe('the latency of a response', () => {
  it('is measured from the arrival of the headers', async () => {
    await client.control({ latency_ms: { p50: 120, p99: 120 } });
    const before = performance.now();
    await call();
    expect(performance.now() - before).toBeGreaterThanOrEqual(119);
  });
});

describe('tokens', () => {
  it('are refused with 401 for a wrong key or secret', async () => {
    const ask = async (client_id: string, client_secret: string) => {
      const body = formOf({ grant_type: 'client_credentials', client_id, client_secret });
      const response = await fetch(`${client.url}/oauth/2.0/token`, { method: 'POST', body });
      return [response.status, await response.json()];
    };
    const refused = (error_description: string) => [401, { error: 'invalid_client', error_description }];
    expect(await ask('nobody', 'x')).toEqual(refused('unknown client id'));
    expect(await ask(CREDENTIAL.api_key, 'x')).toEqual(refused('Client authentication failed'));
  });

  it('can be requested by query parameters, and several are valid at the same time', async () => {
    const query = formOf({
      grant_type: 'client_credentials',
      client_id: CREDENTIAL.api_key,
      client_secret: CREDENTIAL.secret_key,
    });
    const response = await fetch(`${client.url}/oauth/2.0/token?${query}`, { method: 'POST' });
    expect(await response.json()).toMatchObject({ expires_in: 2_592_000, access_token: expect.any(String) });
    expect(await fetchToken(client.url)).not.toBe(client.token);
    expect((await call()).status).toBe(200);
  });

  it('get code 100 if missing, 110 if unknown, 111 if expired', async () => {
    const codeWith = async (query: string) =>
      (await client.post(`/rest/2.0/ocr/v1/idcard${query}`, '')).json.error_code;
    expect(await codeWith('')).toBe(100);
    expect(await codeWith('?access_token=24.nothing')).toBe(110);
    const short = await startClient({ tokenLifetimeS: -1 });
    expect((await short.call(card.front, 'front')).json.error_code).toBe(111);
    await short.stop();
  });
});

describe('a restart', () => {
  it('keeps the key, in a file that only its owner can read, and so the tokens', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'emulator-'));
    const first = await startClient({ dataDir });
    const keyOf = async (url: string) => (await fetch(`${url}/__control/public-key`)).text();
    const key = await keyOf(first.url);
    await first.stop();
    const second = await startClient({ dataDir });
    expect(await keyOf(second.url)).toBe(key);
    const answer = await second.post(`/rest/2.0/ocr/v1/idcard?access_token=${first.token}`, 'id_card_side=front');
    expect(answer.json.error_code).toBe(216101);
    expect((await stat(join(dataDir, 'emulator-rsa.pem'))).mode & 0o777).toBe(0o600);
    await second.stop();
    await rm(dataDir, { recursive: true });
  });

  it('can be stopped twice, and before it has started', async () => {
    await client.stop();
    await client.stop();
    await expect(fetch(client.url)).rejects.toThrow();
  });
});

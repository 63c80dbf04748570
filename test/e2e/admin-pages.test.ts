/** What operators can see and do, by role, through the routes of the admin. The audit log has an entry for each action. */
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminClient, loginAdmin } from '../support/admin.ts';
import { runCardseal } from '../support/command-line.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';

const PASSWORD = 'a long enough password';

describe('the admin', () => {
  let app: TestStack;
  let sink: WebhookSink;
  let specimen: Specimen;
  let owner: AdminClient;
  let viewer: AdminClient;
  let operator: AdminClient;
  let endpoint: string;

  beforeAll(async () => {
    [app, sink] = await Promise.all([startTestStack(), startWebhookSink()]);
    for await (const one of generateSpecimens({ count: 1, seed: 23, scenario: 'good' })) specimen = one;
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    sink.verifyWith(body.secret);
    endpoint = body.id;
    for (const role of ['viewer', 'operator'] as const) {
      const made = await runCardseal(app, ['admin', 'create', `a-${role}`, '--role', role], PASSWORD);
      expect(made.exitCode, made.stderr).toBe(0);
    }
    owner = await loginAdmin(app.stack.info);
    viewer = await loginAdmin(app.stack.info, { user: 'a-viewer', password: PASSWORD });
    operator = await loginAdmin(app.stack.info, { user: 'a-operator', password: PASSWORD });
  });
  afterAll(async () => {
    await app?.stop();
    await sink?.stop();
  });

  const tenant = () => app.stack.info.tenant;
  async function fail(count: number): Promise<string[]> {
    await app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
    const jobs: string[] = [];
    for (let at = 0; at < count; at++) jobs.push((await app.submit({ front: specimen.front })).id);
    for (const job of jobs) expect((await app.finished(job)).state).toBe('failed');
    await app.control('DELETE');
    return jobs;
  }
  const newest = async (action: string) =>
    (await owner.call('GET', '/api/audit?limit=200')).body.data.find(
      (entry: { action: string }) => entry.action === action,
    );

  it('serves every page to a logged-in operator, with a policy that allows no other origin', async () => {
    for (const route of ['/', '/jobs', '/bulk', '/gates', '/endpoints', '/tenants', `/tenants/${tenant()}`]) {
      const seen = await viewer.page(route);
      expect(seen.status, route).toBe(200);
      const policy = seen.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(seen.text).not.toMatch(/<script(?! src="\/static\/live\.js")|<style|\sstyle=|\son[a-z]+=/);
      expect((await fetch(app.stack.info.adminUrl + route)).status, route).toBe(401);
    }
    expect((await viewer.page('/audit')).status).toBe(403);
    expect((await operator.call('GET', '/api/audit')).status).toBe(403);
    expect((await owner.page('/audit')).status).toBe(200);
  });

  it('refuses a change that another site asks for, and one that the role may not do', async () => {
    const { adminUrl, credentials } = app.stack.info;
    const route = `/api/gates/${credentials[0]!.id}/close`;
    const foreign = await fetch(adminUrl + route, {
      method: 'POST',
      headers: { cookie: operator.cookie, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'because I say so' }),
    });
    expect(foreign.status).toBe(403);
    const changes = [
      ['/api/bulk-retries', {}],
      [route, { reason: 'because I say so' }],
      [`/api/endpoints/${tenant()}/${endpoint}/enable`, { reason: 'because I say so' }],
      ['/api/tenants', { id: 'mine' }],
      [`/api/tenants/${tenant()}/keys`, {}],
    ] as const;
    for (const [change, body] of changes) expect((await viewer.call('POST', change, body)).status, change).toBe(403);
    for (const [change, body] of changes.slice(3)) {
      expect((await operator.call('POST', change, body)).status, change).toBe(403);
    }
    expect((await app.call('GET', '/v1/quota')).body.gate.state).toBe('open');
  });

  it('delays clients that guess passwords', async () => {
    const guess = async () => {
      const { adminUrl } = app.stack.info;
      const body = JSON.stringify({ user: 'nobody', password: 'wrong wrong wrong' });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${adminUrl}/login`, { method: 'POST', headers, body })).status;
    };
    const answers = [];
    for (let at = 0; at < 6; at++) answers.push(await guess());
    expect(answers).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('finds a job by id, reference, state, code and time; the page of one shows its history without personal data', async () => {
    const [failed] = await fail(1);
    const named = await app.submit({ front: specimen.front }, { reference: 'case 4711' });
    const job = await app.finished(named.id);
    await sink.events(named.id);
    const search = async (query: string) =>
      (await viewer.call('GET', `/api/jobs?${query}`)).body.data.map(({ id }: { id: string }) => id);
    expect(await search(`id=${failed}`)).toEqual([failed]);
    expect(await search('reference=case+4711')).toEqual([named.id]);
    // The name appears just after the outcome.
    await expect.poll(() => search('state=failed'), { timeout: 10_000 }).toContain(failed);
    expect(await search('code=upstream_request_invalid')).toContain(failed);
    expect(await search('code=picture_gone')).toEqual([]);
    expect(await search(`created_after=${encodeURIComponent(job.created_at)}`)).toEqual([]);
    await expect.poll(() => search(`tenant=${tenant()}&state=succeeded`)).toContain(named.id);
    // The receiver gets an attempt before the worker records it.
    const jobPage = () => viewer.page(`/jobs/${tenant()}/${named.id}`);
    await expect
      .poll(async () => (await jobPage()).text, { timeout: 10_000 })
      .toMatch(/accepted[\s\S]*call accepted[\s\S]*generation 1 succeeded[\s\S]*attempt 1 delivered/);
    const seen = await jobPage();
    const { name, id_number, address } = specimen.truth.card;
    for (const text of [name, id_number, address, 'case 4711']) expect(seen.text).not.toContain(text);
    expect((await viewer.page(`/jobs/${tenant()}/${failed}`)).text).toContain('upstream_request_invalid');
  });

  it('shows a result in full only to operators with a reason, and each view is on record', async () => {
    const metadata = { branchId: 'north', since: '2020' };
    const { id } = await app.submit({ front: specimen.front }, { metadata });
    await app.finished(id);
    const route = `/api/jobs/${tenant()}/${id}/reveal`;
    expect((await viewer.call('POST', route, { reason: 'curious about it' })).status).toBe(403);
    expect((await operator.call('POST', route, {})).status).toBe(400);
    expect((await operator.call('POST', route, { reason: 'short' })).status).toBe(400);
    const reason = 'ticket 88: the customer disputes the name';
    const seen = await operator.call('POST', route, { reason });
    expect(seen.body).toMatchObject({ metadata, result: { card: { name: specimen.truth.card.name } } });
    expect(await newest('job.reveal')).toMatchObject({ who: 'a-operator', target: { job: id }, reason });
  });

  it('closes and opens a gate for a reason, which is on record', async () => {
    const { id } = app.stack.info.credentials[0]!;
    const closed = await operator.call('POST', `/api/gates/${id}/close`, { reason: 'the bill is too high' });
    expect(closed.body.gate).toMatchObject({ state: 'closed', by: 'a-operator' });
    const overview = (await viewer.call('GET', '/api/overview')).body;
    await expect
      .poll(async () => (await viewer.call('GET', '/api/overview')).body.troubles[0], { timeout: 10_000 })
      .toMatchObject({ tone: 'bad', what: expect.stringContaining('No job can be recognised') });
    expect(overview.redis).toBe('up');
    await operator.call('POST', `/api/gates/${id}/open`, { reason: 'it was paid' });
    expect(await newest('gate.close')).toMatchObject({ target: { credential: id }, reason: 'the bill is too high' });
    expect(await newest('gate.open')).toMatchObject({ reason: 'it was paid' });
  });

  it('tries failures again in bulk: counted first, then paced, each to a new outcome', async () => {
    const jobs = await fail(4);
    const query = { code: 'upstream_request_invalid', created_after: (await app.finished(jobs[0]!)).created_at };
    const count = () => operator.call('POST', '/api/bulk-retries', { ...query, dry_run: true });
    await expect.poll(async () => (await count()).body.matches, { timeout: 10_000 }).toBe(3);
    const dry = await count();
    // The first one was made at that very moment: times are exclusive.
    expect(dry.body).toMatchObject({ dry_run: true, matches: 3, complete: true, id: null });
    expect((await operator.call('POST', '/api/bulk-retries', query)).status).toBe(400);
    const asked = { ...query, per_second: 50, reason: 'the provider is well again' };
    const started = await operator.call('POST', '/api/bulk-retries', asked);
    const route = `/api/bulk-retries/${started.body.id}`;
    await expect
      .poll(async () => (await viewer.call('GET', route)).body, { timeout: 20_000 })
      .toMatchObject({
        state: 'finished',
        retried: 3,
        skipped: {},
        expected: 3,
      });
    for (const job of jobs.slice(1))
      expect(await app.finished(job)).toMatchObject({ generation: 2, state: 'succeeded' });
    expect((await app.finished(jobs[0]!)).generation).toBe(1);
    expect(await newest('bulk_retry.start')).toMatchObject({ reason: 'the provider is well again', who: 'a-operator' });
    expect(await newest('bulk_retry.end')).toMatchObject({ who: 'machine', detail: { retried: 3, by: 'a-operator' } });
  });

  it('enables an endpoint, and sends again what it missed', async () => {
    await app.call('PATCH', `/v1/webhook-endpoints/${endpoint}`, {
      body: JSON.stringify({ state: 'disabled' }),
      headers: { 'content-type': 'application/json' },
    });
    const { id } = await app.submit({ front: specimen.front });
    await app.finished(id);
    const lines = async () => (await viewer.call('GET', '/api/endpoints')).body.data;
    expect(await lines()).toMatchObject([{ id: endpoint, health: 'disabled', disabled_by: 'owner' }]);
    const enabled = await operator.call('POST', `/api/endpoints/${tenant()}/${endpoint}/enable`, { reason: 'mended' });
    expect(enabled.status).toBe(200);
    expect(await sink.events(id)).toMatchObject([{ type: 'job.succeeded' }]);
    const again = await operator.call('POST', `/api/endpoints/${tenant()}/${endpoint}/recover`, {
      reason: 'the receiver lost them',
      since: new Date(Date.now() - 3_600_000).toISOString(),
    });
    expect(again.status).toBe(202);
    expect(await newest('endpoint.recover')).toMatchObject({ target: { endpoint } });
  });

  it('makes tenants and keys, whose secret is shown once, limits and revokes them', async () => {
    expect((await owner.call('POST', '/api/tenants', { id: 'second', name: 'A second bank' })).status).toBe(201);
    expect((await owner.call('POST', '/api/tenants', { id: 'second' })).status).toBe(409);
    expect((await owner.call('POST', '/api/tenants/second', { weight: 2 })).body).toMatchObject({ weight: 2 });
    const { body: key } = await owner.call('POST', '/api/tenants/second/keys', { scopes: ['jobs:read'], in_queue: 5 });
    const ask = () => fetch(`${app.stack.info.apiUrl}/v1/jobs`, { headers: { authorization: `Bearer ${key.key}` } });
    expect((await ask()).status).toBe(200);
    const keys = await owner.call('GET', '/api/tenants/second/keys');
    expect(keys.body.data).toMatchObject([{ id: key.id, limits: { in_queue: 5 }, revoked_at: null }]);
    expect(keys.text).not.toContain(key.key);
    await owner.call('POST', `/api/tenants/second/keys/${key.id}/limits`, { requests_per_second: 7 });
    const limited = await owner.call('GET', '/api/tenants/second/keys');
    expect(limited.body.data[0].limits).toEqual({ requests_per_second: 7 });
    await owner.call('POST', `/api/tenants/second/keys/${key.id}/revoke`, { reason: 'it was lost' });
    await expect.poll(async () => (await ask()).status, { timeout: 10_000 }).toBe(401);
    expect(await newest('key.create')).toMatchObject({ target: { tenant: 'second' } });
    expect((await owner.page('/audit')).text).not.toContain(key.key);
  });

  it('the chain of all that holds, is exported by the owner, and is checked from the command line', async () => {
    const exported = await owner.call('GET', '/api/audit/export');
    const entries = exported.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries[0].action).toBe('audit.export');
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => entries.length - at));
    const verified = await runCardseal(app, ['audit', 'verify']);
    expect(verified.exitCode, verified.stderr).toBe(0);
    const told = JSON.parse(verified.stdout);
    expect(told).toMatchObject({ problems: [], entries: entries.length });
    const noted = await runCardseal(app, ['audit', 'verify', '--head', `${told.head.seq}:${told.head.hash}`]);
    expect(noted.exitCode).toBe(0);
    const wrong = await runCardseal(app, ['audit', 'verify', '--head', `${told.head.seq}:${'0'.repeat(64)}`]);
    expect(wrong.exitCode).toBe(1);
    const lines = (await runCardseal(app, ['audit', 'export'])).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(entries.map(({ seq }) => seq));
  });

  it('a session ends within ten seconds of a change of its operator; one who was removed does not come back', async () => {
    const login = (password = PASSWORD) => loginAdmin(app.stack.info, { user: 'a-leaver', password });
    const cardseal = async (...args: string[]) => {
      const { exitCode, stderr } = await runCardseal(app, args, 'another long password');
      expect(exitCode, stderr).toBe(0);
    };
    await runCardseal(app, ['admin', 'create', 'a-leaver', '--role', 'owner'], PASSWORD);
    const first = await login();
    expect((await first.call('GET', '/api/audit')).status).toBe(200);
    await cardseal('admin', 'set', 'a-leaver', '--role', 'viewer', '--password');
    await expect(login()).rejects.toThrow('401');
    // At once, although the record as it was is still remembered.
    const second = await login('another long password');
    expect((await second.call('GET', '/api/overview')).status).toBe(200);
    expect((await second.call('GET', '/api/audit')).status).toBe(403);
    const ended = { timeout: 11_000 };
    await expect.poll(async () => (await first.call('GET', '/api/overview')).status, ended).toBe(401);
    await cardseal('admin', 'remove', 'a-leaver');
    await expect.poll(async () => (await second.call('GET', '/api/overview')).status, ended).toBe(401);
    await expect(login('another long password')).rejects.toThrow('401');
  });

  it('a logout ends the session, not only its cookie', async () => {
    const mine = await loginAdmin(app.stack.info, { user: 'a-viewer', password: PASSWORD });
    expect((await mine.call('GET', '/api/overview')).status).toBe(200);
    expect((await mine.call('POST', '/logout')).status).toBe(303);
    expect((await mine.call('GET', '/api/overview')).status).toBe(401);
    expect((await viewer.call('GET', '/api/overview')).status).toBe(200);
  });
});

/** The admin behind a TLS proxy, and browsers that do not name the origin of a form. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';
import { sendRaw } from '../../support/raw-http.ts';

const HOST = 'admin.bank.example';

describe('the admin behind a proxy', () => {
  let admin: TestAdmin;
  beforeAll(async () => {
    admin = await startTestAdmin();
  });
  afterAll(() => admin.stop());

  /** As a browser without `Sec-Fetch-Site` sends it, through a proxy. */
  function post(path: string, fields: Record<string, string>, headers: Record<string, string>) {
    const body = new URLSearchParams(fields).toString();
    const all = {
      host: HOST,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      connection: 'close',
      ...headers,
    };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    return sendRaw(admin.url, `POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`);
  }
  const login = (headers: Record<string, string>, more: Record<string, string> = {}) =>
    post('/login', { user: 'boss', password: 'a long enough password', ...more }, headers);
  const session = (head: string) => /^set-cookie: (cardseal_session=[^;]+)/im.exec(head)?.[1];
  const locationOf = (head: string) => /^location: (.*)$/im.exec(head)?.[1]?.trim();
  async function form() {
    const answer = await sendRaw(admin.url, `GET /login HTTP/1.1\r\nhost: ${HOST}\r\nconnection: close\r\n\r\n`);
    return {
      cookie: /^set-cookie: (cardseal_login_form=[^;]+)/im.exec(answer.head)![1]!,
      form_token: /name="form_token" value="([^"]+)"/.exec(answer.body)![1]!,
      head: answer.head,
    };
  }

  it.each([HOST, `${HOST}:443`])('takes a login for the host %s', async (host) => {
    const { status, head } = await login({ host, origin: `https://${HOST}` });
    expect([status, locationOf(head)]).toEqual([303, '/']);
    expect(session(head)).toBeDefined();
  });

  it('refuses a login from another site', async () => {
    expect((await login({ origin: 'https://evil.example' })).status).toBe(403);
  });

  it('asks browsers to name the origin', async () => {
    expect((await form()).head).toMatch(/^referrer-policy: same-origin\r?$/im);
  });

  it('accepts a login of unknown origin only with the token of its form', async () => {
    const { cookie, form_token } = await form();
    const good = await login({ origin: 'null', cookie }, { form_token });
    expect([good.status, locationOf(good.head)]).toEqual([303, '/']);
    const without: [Record<string, string>, Record<string, string>][] = [
      [{ origin: 'null' }, {}],
      [{ origin: 'null' }, { form_token }],
      [{ origin: 'null', cookie }, {}],
      [{ origin: 'null', cookie: (await form()).cookie }, { form_token }],
    ];
    for (const [headers, fields] of without) {
      const answer = await login(headers, fields);
      expect([answer.status, locationOf(answer.head), session(answer.head)]).toEqual([
        303,
        '/login?expired',
        undefined,
      ]);
    }
  });

  it('takes no other change of unknown origin, whatever cookies come with it', async () => {
    const { cookie, form_token } = await form();
    const { head } = await login({ origin: `https://${HOST}` });
    const both = `${session(head)}; ${cookie}`;
    expect((await post('/logout', { form_token }, { origin: 'null', cookie: both })).status).toBe(403);
    const page = await sendRaw(
      admin.url,
      `GET /tenants HTTP/1.1\r\nhost: x\r\ncookie: ${both}\r\nconnection: close\r\n\r\n`,
    );
    expect(page.status).toBe(200);
  });
});

/** A client of the admin's JSON API, logged in. */
import type { DevInfo } from '@cardseal/dev';

export interface AdminClient {
  cookie: string;
  /** Returns status, headers and body; parses JSON. */
  call(method: string, route: string, body?: object): Promise<AdminAnswer>;
  /** Requests a page as a browser does. */
  page(route: string): Promise<AdminAnswer>;
}

interface AdminAnswer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the members that they use
  body: any;
}

export async function loginAdmin(
  { adminUrl, admin }: Pick<DevInfo, 'adminUrl' | 'admin'>,
  credentials: { user: string; password: string } = admin,
): Promise<AdminClient> {
  const ask = async (method: string, route: string, headers: Record<string, string>, body?: object) => {
    const init = body ? { body: JSON.stringify(body) } : {};
    const type = body ? { 'content-type': 'application/json' } : {};
    const answer = await fetch(adminUrl + route, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...type },
      ...init,
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : null };
  };
  const { user, password } = credentials;
  const login = await ask('POST', '/login', {}, { user, password });
  if (login.status !== 200) throw new Error(`login: ${login.status} ${login.text}`);
  const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
  return {
    cookie,
    call: (method, route, body) => ask(method, route, { cookie }, body),
    page: (route) => ask('GET', route, { cookie, accept: 'text/html' }),
  };
}

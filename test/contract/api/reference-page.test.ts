/**
 * `/docs` loads only from this host, under a policy that allows no other host, and its viewer can read the document.
 */
import vm from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, type TestApi } from '../../support/api.ts';

describe('the reference page', () => {
  let api: TestApi;
  let page: string;
  let policy: string;
  beforeAll(async () => {
    api = await startTestApi();
    const response = await fetch(`${api.url}/docs`);
    page = await response.text();
    policy = response.headers.get('content-security-policy') ?? '';
  });
  afterAll(() => api.stop());

  it('allows only its own host and no inline script', () => {
    const rules = new Map(policy.split(';').map((rule) => rule.trim().split(/\s+(.*)/) as [string, string]));
    expect(rules.get('default-src')).toBe("'none'");
    expect(rules.get('script-src')).toBe("'self'");
    expect(rules.get('connect-src')).toBe("'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
  });

  it('loads everything that it names from this host', async () => {
    const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, at]) => at!).filter((at) => at !== 'data:,');
    expect(named).toHaveLength(3);
    for (const at of named) {
      expect(at).toMatch(/^\/docs\/[a-z.-]+$/);
      const response = await fetch(api.url + at);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(at.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      await response.arrayBuffer();
    }
  });

  it('starts the viewer with the document of this API and sends it to no other host', async () => {
    const start = await (await fetch(`${api.url}/docs/start.js`)).text();
    const viewer = vi.fn<(options: { url: string; validatorUrl: unknown }) => void>();
    vm.runInNewContext(start, { SwaggerUIBundle: viewer });
    const given = viewer.mock.calls[0]![0];
    expect(given.validatorUrl).toBeNull();
    const document = await (await fetch(new URL(given.url, api.url))).json();
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Cardseal' } });
  });
});

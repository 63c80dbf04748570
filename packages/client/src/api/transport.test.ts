import { describe, expect, it } from 'vitest';
import { ConnectionError, ProblemError } from './problem-error.ts';
import { createTransport } from './transport.ts';

interface Seen {
  url: string;
  key: string | null;
  atMs: number;
}

/** Answers in turn; an Error is a lost connection. */
function scripted(answers: (Response | Error)[]) {
  const seen: Seen[] = [];
  const send = createTransport({
    baseUrl: 'http://api.invalid',
    apiKey: 'csk_x',
    retries: 2,
    maxPauseMs: 20,
    fetch: async (url, init) => {
      seen.push({ url: String(url), key: new Headers(init?.headers).get('idempotency-key'), atMs: Date.now() });
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { send, seen };
}

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ code, detail: 'why' }), { status, headers });

describe('a request', () => {
  it('is sent again under the same idempotency key when its response is lost', async () => {
    const { send, seen } = scripted([
      new TypeError('lost'),
      problem(503, 'store_unavailable'),
      Response.json({ id: 1 }),
    ]);
    expect(await (await send('POST', '/v1/jobs', { json: {} })).json()).toEqual({ id: 1 });
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(seen[0]!.key).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([400, 401, 403, 404, 409, 410, 413, 422, 500])('is not sent again after %i', async (status) => {
    const { send, seen } = scripted([problem(status, 'no')]);
    const error = await send('GET', '/x').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect([error.status, error.code, seen.length]).toEqual([status, 'no', 1]);
  });

  it('gives up after its tries, with the last reason', async () => {
    const { send, seen } = scripted([new TypeError('a'), new TypeError('b'), new TypeError('c')]);
    const error = await send('GET', '/x').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.cause.message).toBe('c');
    expect(seen).toHaveLength(3);
  });

  it('waits for `Retry-After`, up to its own limit', async () => {
    const { send, seen } = scripted([problem(429, 'rate_limited', { 'retry-after': '3600' }), Response.json({})]);
    await send('GET', '/x');
    expect(seen[1]!.atMs - seen[0]!.atMs).toBeGreaterThanOrEqual(15);
    const last = scripted([
      problem(429, 'rate_limited', { 'retry-after': '7' }),
      problem(429, 'rate_limited'),
      problem(429, 'rate_limited', { 'retry-after': '9' }),
    ]);
    const error = await last.send('GET', '/x').catch((thrown) => thrown);
    expect(error.retryAfterMs).toBe(9000);
  });

  it('comes again while the same request is at work, and not for another conflict', async () => {
    const busy = problem(409, 'idempotency_in_progress', { 'retry-after': '0' });
    const { send, seen } = scripted([busy, Response.json({})]);
    await send('DELETE', '/x');
    expect(seen).toHaveLength(2);
    expect(seen[0]!.key).toBe(seen[1]!.key);
    expect(seen[0]!.key).not.toBeNull();
  });

  it('sends a stream once only', async () => {
    const { send, seen } = scripted([problem(503, 'store_unavailable')]);
    await expect(send('POST', '/x', { body: new ReadableStream() })).rejects.toMatchObject({ status: 503 });
    expect(seen).toHaveLength(1);
  });

  it('stops when its caller does', async () => {
    const { send } = scripted([new TypeError('lost')]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(send('GET', '/x', { signal })).rejects.toThrow('enough');
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CallApi, createTemporaryEndpoint, LIFE_S } from './temporary-endpoint.ts';

interface Call {
  method: string;
  route: string;
  body: object | undefined;
}

const MINUTE_MS = 60_000;
const never = new AbortController().signal;

/** `deletes` are the responses to DELETE in order; the last one repeats. */
function fakeApi(deletes: (number | 'no connection')[] = [204]) {
  const calls: Call[] = [];
  const call: CallApi = async (method, route, body) => {
    calls.push({ method, route, body });
    if (method === 'POST') return { id: 'we_1', secret: 'whsec_x' };
    if (method !== 'DELETE') return {};
    const status = deletes.length > 1 ? deletes.shift() : deletes[0];
    if (status === 204) return null;
    throw Object.assign(new Error(String(status)), typeof status === 'number' ? { status } : {});
  };
  return { call, count: (method: string) => calls.filter((one) => one.method === method).length, calls };
}

describe('an endpoint that lives as long as its process', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is registered with an expiry, and prolonged while the process runs', async () => {
    const api = fakeApi();
    const endpoint = await createTemporaryEndpoint(api.call, { url: 'http://127.0.0.1:9/' }, never);
    expect(api.calls[0]).toMatchObject({ method: 'POST', body: { url: 'http://127.0.0.1:9/', expires_in: LIFE_S } });
    await vi.advanceTimersByTimeAsync((LIFE_S * 1000) / 2);
    expect(api.count('PATCH')).toBe(2);
    expect(api.calls.at(-1)).toMatchObject({ route: '/v1/webhook-endpoints/we_1', body: { expires_in: LIFE_S } });
    await endpoint.remove();
    await vi.advanceTimersByTimeAsync(60 * MINUTE_MS);
    expect(api.count('PATCH')).toBe(2);
  });

  it.each([
    ['at once', [204], 1],
    ['after two failures', ['no connection', 503, 204], 3],
    ['by another process', [404], 1],
  ] as const)('is removed %s', async (_when, deletes, calls) => {
    const api = fakeApi([...deletes]);
    const endpoint = await createTemporaryEndpoint(api.call, {}, never);
    const removed = endpoint.remove();
    await vi.advanceTimersByTimeAsync(1_000);
    await removed;
    expect(api.count('DELETE')).toBe(calls);
  });

  it('stops trying to remove it after a few seconds, and relies on the expiry', async () => {
    const api = fakeApi(['no connection']);
    const endpoint = await createTemporaryEndpoint(api.call, {}, never);
    const removed = expect(endpoint.remove()).rejects.toThrow('no connection');
    await vi.advanceTimersByTimeAsync(5_000);
    await removed;
  });

  it('aborts a registration in progress when the process must stop', async () => {
    const stop = new AbortController();
    const call: CallApi = (_method, _route, _body, signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    const made = expect(createTemporaryEndpoint(call, {}, stop.signal)).rejects.toThrow('aborted');
    stop.abort();
    await vi.advanceTimersByTimeAsync(5_000);
    await made;
  });
});

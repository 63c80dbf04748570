import { afterEach, describe, expect, it } from 'vitest';
import { createEmulator, DEFAULT_CONFIG, type Emulator } from './app.ts';
import { CREDENTIAL, fetchToken } from './client-for-tests.ts';

const other = { ...CREDENTIAL, id: 'dev-2', api_key: 'key-of-dev-2', secret_key: 'secret-of-dev-2' };
let emulator: Emulator | undefined;
afterEach(() => emulator?.stop());

async function start() {
  emulator = createEmulator({ ...DEFAULT_CONFIG, credentials: [CREDENTIAL, other], providerPort: 0 });
  const { port, providerPort } = await emulator.start();
  const url = `http://127.0.0.1:${port}`;
  const providerUrl = `http://127.0.0.1:${providerPort}`;
  const control = (faults: object[], latency_ms = { p50: 0, p99: 0 }) =>
    fetch(`${url}/__control`, { method: 'PUT', body: JSON.stringify({ faults, latency_ms }) });
  return { url, providerUrl, control };
}

/** The result of a call: `answered`, or the system's error code of the failed connection. */
async function endOf(url: string, token = 'none'): Promise<string> {
  const called = fetch(`${url}/rest/2.0/ocr/v1/idcard_enc?access_token=${token}`, { method: 'POST', body: 'image=x' });
  return called.then(
    () => 'answered',
    (error: Error) => (error.cause as { code?: string }).code ?? 'unknown',
  );
}

const calls = async (url: string) =>
  ((await (await fetch(`${url}/__control/stats`)).json()) as { calls: number }).calls;

describe('the fault `refuse`', () => {
  it('refuses connections to the provider, also for tokens, and the control routes stay reachable', async () => {
    const { url, providerUrl, control } = await start();
    expect(await endOf(providerUrl)).toBe('answered');
    expect((await control([{ kind: 'refuse' }])).status).toBe(200);
    expect(await endOf(providerUrl)).toBe('ECONNREFUSED');
    await expect(fetchToken(providerUrl)).rejects.toThrow();
    expect((await fetch(`${url}/__control`)).status).toBe(200);
    expect(await calls(url)).toBe(1);
  });

  it('ends together with its rule, by PUT and by DELETE, on the same port', async () => {
    const { url, providerUrl, control } = await start();
    for (const end of [() => control([]), () => fetch(`${url}/__control`, { method: 'DELETE' })]) {
      await control([{ kind: 'refuse', rate: 1 }]);
      expect(await endOf(providerUrl)).toBe('ECONNREFUSED');
      await end();
      expect(await endOf(providerUrl)).toBe('answered');
    }
  });

  it('lets a call in progress finish', async () => {
    const { providerUrl, control } = await start();
    const token = await fetchToken(providerUrl);
    await control([], { p50: 300, p99: 300 });
    const underWay = endOf(providerUrl, token);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await control([{ kind: 'refuse' }]);
    expect(await underWay).toBe('answered');
    expect(await endOf(providerUrl, token)).toBe('ECONNREFUSED');
  });

  it('resets calls on the control port, and the calls to which a narrower rule applies', async () => {
    const { url, providerUrl, control } = await start();
    const token = await fetchToken(url);
    const spared = await fetchToken(url, other);
    await control([{ kind: 'refuse' }]);
    expect(await endOf(url)).not.toBe('answered');
    await control([{ kind: 'refuse', count: 1 }]);
    expect(await endOf(providerUrl, token)).not.toBe('answered');
    expect(await endOf(providerUrl, token)).toBe('answered');
    await control([{ kind: 'refuse', credential: CREDENTIAL.id }]);
    expect(await endOf(providerUrl, token)).not.toBe('answered');
    expect(await endOf(providerUrl, spared)).toBe('answered');
  });

  it('can be stopped while it refuses', async () => {
    const { control } = await start();
    await control([{ kind: 'refuse' }]);
    await emulator!.stop();
  });
});

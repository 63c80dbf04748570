/**
 * The key service is unavailable while workers are killed. No accepted job is lost. `long/key-rotation.test.ts` covers
 * rotation.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, type KeyStack, startKeyStack } from './scenarios/key-stack.ts';

const run = promisify(execFile);

describe('keys', () => {
  let keyStack: KeyStack;
  beforeAll(async () => {
    keyStack = await startKeyStack();
  });
  afterAll(() => keyStack?.stop());

  it('cached keys serve while the key service is away; after a restart the API answers 503 and accepted jobs wait', async () => {
    const { app, kms, card, submit, allSucceed } = keyStack;
    // Use the keys first, so that they are cached.
    await allSucceed(await submit(4));
    await app.control('PUT', { limits: { qps: 0.001 } });
    const { duplicates_by_image: before } = await app.stats();
    kms.set({ trouble: 'away' });
    const cached = await submit(5);
    for (const name of ['api', 'worker-1', 'worker-2']) {
      const back = app.stack.nextRestart();
      process.kill(app.stack.child(name).pid, 'SIGKILL');
      await back;
    }
    await app.control('PUT', { limits: { qps: 200 } });
    const body = JSON.stringify({ front: { image: card.toString('base64') } });
    const refused = await fetch(`${app.stack.info.apiUrl}/v1/jobs`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${app.stack.info.apiKey}`, 'content-type': 'application/json' },
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({ code: 'keys_unavailable' });
    const status = await run(process.execPath, [CLI, 'keys', 'status', '--json'], { env: app.stack.env }).catch(
      (error: { code: number; stdout: string }) => error,
    );
    expect(status).toMatchObject({ code: 1 });
    expect(JSON.parse(status.stdout)).toMatchObject({ master: null, trouble: 'key_service_unavailable' });
    kms.set({ trouble: null });
    await allSucceed(cached);
    // At this rate at most one call was in flight at a killed worker. No other side is called again.
    expect((await app.stats()).duplicates_by_image! - before!).toBeLessThanOrEqual(1);
  });
});

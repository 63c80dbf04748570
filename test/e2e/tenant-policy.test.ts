import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCardseal } from '../support/command-line.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

describe('what a tenant and an operator can set', () => {
  let app: TestStack;
  let swapped: Specimen;
  beforeAll(async () => {
    app = await startTestStack();
    for await (const one of generateSpecimens({ count: 1, seed: 31, scenario: 'wrong-side', scale: 0.7 }))
      swapped = one;
  });
  afterAll(() => app?.stop());

  const verdict = async () => (await app.finished((await app.submit(swapped)).id)).result.verdict;

  it('the verdict follows the policy of the tenant', async () => {
    expect(await verdict()).toBe('review');
    const file = path.join(app.dataDir, 'policy.json');
    await writeFile(file, JSON.stringify({ checks: { side_match: { warn: 'clear' } } }));
    const set = await runCardseal(app, ['tenant', 'set', app.stack.info.tenant, '--policy', file]);
    expect(set).toMatchObject({ exitCode: 0 });
    // A worker reads a tenant's record at most a second after the change.
    await expect.poll(verdict, { timeout: 20_000, interval: 500 }).toBe('clear');
    await writeFile(file, JSON.stringify({ checks: { side_match: { warn: 'fine' }, nothing: {} }, extra: 1 }));
    const refused = await runCardseal(app, ['tenant', 'set', app.stack.info.tenant, '--policy', file]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/not_a_verdict/);
    expect(await verdict()).toBe('clear');
    await runCardseal(app, ['tenant', 'set', app.stack.info.tenant, '--policy', 'default']);
    await expect.poll(verdict, { timeout: 20_000, interval: 500 }).toBe('review');
  });

  it('keys that the provider refuses close their gate: the card waits, nothing hammers, no attempt is spent', async () => {
    const file = path.join(app.dataDir, 'baidu-credentials.json');
    const [credential] = app.stack.info.credentials;
    await writeFile(file, JSON.stringify([{ ...credential, id: 'refused', secret_key: 'x'.repeat(32) }]), {
      mode: 0o600,
    });
    await fetch(`${app.stack.info.emulatorUrl}/__control/stats/reset`, { method: 'POST' });
    const restarted = app.stack.nextRestart();
    process.kill(app.stack.child('worker-1').pid, 'SIGKILL');
    await restarted;
    const { id } = await app.submit(swapped);
    await expect
      .poll(async () => (await app.call('GET', `/v1/jobs/${id}`)).body, { timeout: 20_000 })
      .toMatchObject({ state: 'queued', waiting_for: 'quota', attempts: [] });
    // The dead worker's pool counts until its last sign of life is old.
    await expect
      .poll(async () => (await app.call('GET', '/v1/quota')).body.gate, { timeout: 60_000, interval: 500 })
      .toMatchObject({ state: 'closed', reason: 'configuration' });
    const { token_requests, calls } = await app.stats();
    expect(calls).toBe(0);
    expect(token_requests).toBeLessThanOrEqual(3);
  });
});

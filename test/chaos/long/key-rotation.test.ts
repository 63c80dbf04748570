/** Rotates keys under load and interrupts a rotation. No accepted job is lost, and all sealed data can be opened. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, type KeyStack, startKeyStack } from '../scenarios/key-stack.ts';

describe('key rotation', () => {
  let keyStack: KeyStack;
  beforeAll(async () => {
    keyStack = await startKeyStack();
  });
  afterAll(() => keyStack?.stop());

  /** Submits jobs continuously while `work` runs. */
  async function underLoad<T>(work: () => Promise<T>): Promise<{ result: T; jobs: string[] }> {
    const jobs: string[] = [];
    let over = false;
    const load = (async () => {
      while (!over) jobs.push(...(await keyStack.submit(3)));
    })();
    try {
      return { result: await work(), jobs };
    } finally {
      over = true;
      await load;
    }
  }

  it('rotates the master key under load; the old key may be disabled when it wraps nothing any more', async () => {
    const { app, kms, cardseal, submit, allSucceed } = keyStack;
    const before = await submit(10);
    const second = { KMS_KEY_ID: 'alias/second,alias/first' };
    const { jobs } = await underLoad(async () => {
      const rotated = await cardseal(['keys', 'rotate', 'master', '--json'], second);
      expect(Object.keys(rotated.wrapped_by)).toEqual([rotated.master]);
    });
    kms.set({ disabled: { key_id: 'alias/first', value: true } });
    const worker = app.stack.child('worker-1').pid;
    const back = app.stack.nextRestart();
    process.kill(worker, 'SIGKILL');
    await back;
    await allSucceed([...before, ...jobs]);
    kms.set({ disabled: { key_id: 'alias/first', value: false } });
    expect(await cardseal(['keys', 'rotate', 'master', '--json'])).toMatchObject({ looked: 2, rewrapped: 2 });
  });

  it("resumes an interrupted rotation of a tenant's key under load; old jobs still open", async () => {
    const { app, cardseal, submit, allSucceed } = keyStack;
    const before = await submit(20);
    await allSucceed(before);
    const { tenant } = app.stack.info;
    const { jobs } = await underLoad(async () => {
      const child = execFile(process.execPath, [CLI, 'keys', 'rotate', 'tenant', tenant], { env: app.stack.env });
      await once(child.stderr!, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      await cardseal(['keys', 'rotate', 'tenant', tenant, '--resume', '--json']);
    });
    await allSucceed([...before, ...jobs]);
    expect(await cardseal(['keys', 'rotate', 'tenant', tenant, '--resume', '--json'])).toMatchObject({ tenant });
    const again = await cardseal(['keys', 'rotate', 'tenant', tenant, '--resume', '--json']);
    expect(again.rewrapped).toBe(0);
    for (const job of before) expect((await app.call('GET', `/v1/jobs/${job}`)).body.result.card.name).toBeTruthy();
  });
});

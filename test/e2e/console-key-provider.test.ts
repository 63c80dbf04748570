/** The second provider, `baidu-idcard-aes`: a whole stack whose one credential has a console key. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { expectTruth } from '../support/truth.ts';

const CREDENTIAL = {
  id: 'console',
  provider: 'baidu-idcard-aes',
  api_key: 'a-key-for-tests-of-24-ch',
  secret_key: 'a-secret-for-tests-of-32-charact',
  aes_key: '0123456789abcdef',
  qps: 100,
};

describe('the provider with a console key', () => {
  let app: TestStack;
  let dataDir: string;
  let specimens: Specimen[];
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-test-'));
    // The launcher keeps the credentials that its folder has.
    await writeFile(path.join(dataDir, 'baidu-credentials.json'), JSON.stringify([CREDENTIAL]), { mode: 0o600 });
    [app, specimens] = await Promise.all([
      startTestStack({ dataDir }),
      Array.fromAsync(generateSpecimens({ count: 15, seed: 71, scale: 0.5 })),
    ]);
  });
  afterAll(async () => {
    await app?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('reads every scenario like the other, and says who read it', async () => {
    const options = { detect_photo: true, detect_card: true };
    const jobs = await Promise.all(specimens.map(async (it) => app.finished((await app.submit(it, { options })).id)));
    jobs.forEach((job, at) => {
      expectTruth(job, specimens[at]!.truth);
      expect(job.result.sides.back).toMatchObject({
        provider: 'baidu-idcard-aes',
        log_id: expect.stringMatching(/^\d+$/),
      });
    });
    expect(await app.stats()).toMatchObject({ calls: 30, accepted: 30, token_requests: 1, duplicates_by_image: 0 });
  });

  it('repeats an unreadable reply, though the key is the same', async () => {
    await app.control('PUT', { faults: [{ kind: 'garbage_cipher', count: 1 }] });
    const job = await app.finished((await app.submit({ front: specimens[0]!.front })).id);
    expect(job.state).toBe('succeeded');
    expect(job.attempts.map((attempt: { class: string }) => attempt.class)).toEqual(['crypto', 'accepted']);
  });
});

/** Every command of the runbook, as it stands on its page, against a real stack: none may fail. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const FOLDER = path.join(ROOT, 'docs/runbook');
const pages = readdirSync(FOLDER).filter((name) => name !== 'README.md');
const blocksOf = (page: string) =>
  [...readFileSync(path.join(FOLDER, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

let app: TestStack;
let sink: WebhookSink;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  [app, sink] = await Promise.all([startTestStack(), startWebhookSink()]);
  const { info } = app.stack;
  const bin = path.join(app.dataDir, 'bin');
  await mkdir(bin);
  const cli = path.join(ROOT, 'apps/cli/src/main.ts');
  await writeFile(path.join(bin, 'cardseal'), `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
  await chmod(path.join(bin, 'cardseal'), 0o755);
  env = {
    ...app.stack.env,
    PATH: `${bin}:${process.env.PATH}`,
    API_URL: info.apiUrl,
    API_KEY: info.apiKey,
    ADMIN_URL: info.adminUrl,
    ADMIN_USER: info.admin.user,
    ADMIN_PASSWORD: info.admin.password,
    JAR: path.join(app.dataDir, 'cookies'),
    TENANT: info.tenant,
    CREDENTIAL: info.credentials[0]!.id,
  };
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 8, scenario: 'good', scale: 0.5 }));
  const headers = { 'content-type': 'application/json' };
  const endpoint = await app.call('POST', '/v1/webhook-endpoints', {
    headers,
    body: JSON.stringify({ url: sink.url }),
  });
  sink.verifyWith(endpoint.body.secret);
  const job = await app.submit({ front: specimen!.front! });
  await app.finished(job.id);
  const { id: leaked } = JSON.parse(await shell('cardseal key create "$TENANT" --json'));
  const { master } = JSON.parse(await shell('cardseal keys status --json'));
  env = { ...env, ENDPOINT: endpoint.body.id, JOB: job.id, LEAKED_KEY_ID: leaked, OLD_MASTER: master };
}, 180_000);

afterAll(async () => {
  await app?.stop();
  await sink?.stop();
});

async function shell(commands: string): Promise<string> {
  return (await run('sh', ['-euc', commands], { env, maxBuffer: 1 << 24 })).stdout;
}

describe('the runbook', () => {
  it('lists every page', () => {
    const listed = [...readFileSync(path.join(FOLDER, 'README.md'), 'utf8').matchAll(/\]\(([a-z0-9-]+\.md)\)/g)];
    expect(listed.map((match) => match[1]).sort()).toEqual([...pages].sort());
  });

  it.each(pages)('%s says what is seen, what it means and what to do, with a command', (page) => {
    const text = readFileSync(path.join(FOLDER, page), 'utf8');
    for (const part of ['**Seen.**', '**Means.**', '**Do.**']) expect(text).toContain(part);
    expect(blocksOf(page).length).toBeGreaterThan(0);
  });

  it.each(pages)('every command of %s works', { timeout: 180_000 }, async (page) => {
    for (const block of blocksOf(page)) await shell(block);
  });

  it('leaves a stack that works', { timeout: 120_000 }, async () => {
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 9, scenario: 'good', scale: 0.5 }));
    const job = await app.submit({ front: specimen!.front! });
    expect((await app.finished(job.id)).state).toBe('succeeded');
    expect(JSON.parse(await shell('cardseal keys status --json')).wrapped_by).not.toHaveProperty(env.OLD_MASTER!);
  });
});

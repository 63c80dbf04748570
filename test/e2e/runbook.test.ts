/** Runs every command of the runbook, unchanged, against a stack on the production Redis settings and user. None may fail. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OperatorShell, openShell } from '../support/operator-shell.ts';
import { blocksOf } from '../support/pages/blocks.ts';
import { type ProductionRedis, startProductionRedis } from '../support/production-redis.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FOLDER = path.join(ROOT, 'docs/operate/runbook');
const pages = readdirSync(FOLDER).filter((name) => name !== 'README.md');
const commandsOf = (page: string) => blocksOf(`docs/operate/runbook/${page}`, 'sh').map(({ text }) => text);

/** With what a form, a shell and an address would each take for something else. */
const PASSWORD = `a&b=c+d %41 "e" 'f' $g é`;

let redis: ProductionRedis;
let app: TestStack;
let sink: WebhookSink;
let operator: OperatorShell;

beforeAll(async () => {
  [redis, sink] = await Promise.all([startProductionRedis(), startWebhookSink()]);
  app = await startTestStack({ redisUrl: redis.url });
  operator = await openShell(app);
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
  const made = await operator.run('cardseal admin create leaver', { input: 'a long enough password\n' });
  expect(made.exitCode, made.stderr).toBe(0);
  Object.assign(operator.env, { LEAKED_USER: 'leaver', NEW_PASSWORD: 'another long password' });
  const { id: busy } = JSON.parse(await shell('cardseal key create "$TENANT" --json'));
  const { master } = JSON.parse(await shell('cardseal keys status --json'));
  const account = { ADMIN_USER: 'night.shift', ADMIN_PASSWORD: PASSWORD };
  await operator.run('cardseal admin create night.shift --role owner', { input: `${PASSWORD}\n` });
  Object.assign(operator.env, account, {
    ENDPOINT: endpoint.body.id,
    JOB: job.id,
    LEAKED_KEY_ID: leaked,
    BUSY_KEY_ID: busy,
    OLD_MASTER: master,
    CODE: 'upstream_internal_error',
  });
}, 180_000);

afterAll(async () => {
  await app?.stop();
  await Promise.all([sink?.stop(), redis?.stop()]);
});

async function shell(commands: string): Promise<string> {
  const { stdout, stderr, exitCode } = await operator.run(commands);
  expect(exitCode, `${commands}\n${stderr}`).toBe(0);
  return stdout;
}

describe('the runbook', () => {
  it('lists every page', () => {
    const listed = [...readFileSync(path.join(FOLDER, 'README.md'), 'utf8').matchAll(/\]\(([a-z0-9-]+\.md)\)/g)];
    expect(listed.map((match) => match[1]).sort()).toEqual([...pages].sort());
  });

  it.each(pages)('%s says what is seen, what it means and what to do, with a command', (page) => {
    const text = readFileSync(path.join(FOLDER, page), 'utf8');
    for (const part of ['**Seen.**', '**Means.**', '**Do.**']) expect(text).toContain(part);
    expect(commandsOf(page).length).toBeGreaterThan(0);
  });

  it.each(pages)('every command of %s works', { timeout: 180_000 }, async (page) => {
    for (const block of commandsOf(page)) await shell(block);
  });

  it('leaves a stack that works', { timeout: 120_000 }, async () => {
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 9, scenario: 'good', scale: 0.5 }));
    const job = await app.submit({ front: specimen!.front! });
    expect((await app.finished(job.id)).state).toBe('succeeded');
    expect(JSON.parse(await shell('cardseal keys status --json')).wrapped_by).not.toHaveProperty(
      operator.env.OLD_MASTER!,
    );
  });
});

/** The command line as a user has it: what it prints, on which stream, with which exit code, also when things go wrong. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCardseal, runCardsealByDataFolder } from '../support/command-line.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

describe('cardseal', () => {
  let stack: TestStack;
  let cards: string;
  let pictures: string[];
  beforeAll(async () => {
    stack = await startTestStack();
    cards = await mkdtemp(path.join(tmpdir(), 'cardseal-cards-'));
    await runCardseal(stack, ['specimen', '--out', cards, '--count', '2', '--scenario', 'good', '--seed', '7']);
    pictures = (await readdir(cards)).filter((name) => name.endsWith('.jpg')).map((name) => path.join(cards, name));
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(cards, { recursive: true, force: true });
  });

  const run = (...args: string[]) => runCardseal(stack, args);
  const lines = (text: string) => text.trim().split('\n');
  const objects = (text: string) => lines(text).map((line) => JSON.parse(line));
  const withInfo = (info: Partial<TestStack['stack']['info']>) =>
    ({ ...stack, stack: { ...stack.stack, info: { ...stack.stack.info, ...info } } }) as TestStack;

  it('submits images in pairs and waits: a table for people, JSON for programs, once however often', async () => {
    const table = await run('submit', ...pictures, '--wait');
    expect(table.exitCode).toBe(0);
    const [head, ...rows] = lines(table.stdout);
    expect(head).toMatch(/^job +state +verdict +reference/);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatch(/^job_\w{26} {2}succeeded {2}clear +000\d/);
    const again = objects((await run('submit', ...pictures, '--wait', '--json')).stdout);
    expect(again.map(({ id }) => id)).toEqual(rows.map((row) => row.split(' ')[0]));
    expect(again[0].result.card.name).toBeTypeOf('string');
  });

  it('reads, lists, watches', async () => {
    const [job] = objects((await run('list', '--state', 'succeeded', '--limit', '1', '--json')).stdout);
    expect(objects((await run('get', job.id, '--wait', '--json')).stdout)[0]).toMatchObject({
      id: job.id,
      state: 'succeeded',
    });
    expect((await run('watch', job.id)).stdout).toBe('succeeded\n');
    expect((await run('list', '--reference', job.reference)).stdout).toContain(job.id);
    expect(lines((await run('list', '--reference', 'nobody')).stdout)).toHaveLength(1);
  });

  it('says what cannot be done, and why, with exit code 1', async () => {
    const [job] = objects((await run('list', '--state', 'succeeded', '--limit', '1', '--json')).stdout);
    for (const [action, code] of [
      ['cancel', 'job_not_cancellable'],
      ['retry', 'job_not_retryable'],
    ] as const) {
      const { exitCode, stdout, stderr } = await run(action, job.id);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toContain(code);
    }
    expect((await run('get', 'job_none')).stderr).toMatch(/not_found.*req_/s);
  });

  it('erases, and says so ever after', async () => {
    const [job] = objects((await run('list', '--state', 'succeeded', '--limit', '1', '--json')).stdout);
    expect((await run('erase', job.id)).stdout).toContain('erased');
    expect(objects((await run('get', job.id, '--json')).stdout)[0]).toMatchObject({ state: 'erased' });
  });

  it('submits batches, and refuses lines one by one', async () => {
    const file = path.join(cards, 'batch.ndjson');
    await writeFile(file, `${JSON.stringify({ front: { image: 'x' } })}\n{"reference":"no side"}\n`);
    const batch = await run('batch', 'submit', file, '--json');
    expect(batch.exitCode).toBe(1);
    const [{ id, counts }] = objects(batch.stdout);
    expect(counts).toMatchObject({ lines: 2, accepted: 0, rejected: 2 });
    expect((await run('batch', 'get', id)).stdout).toContain(id);
    expect(objects((await run('batch', 'results', id)).stdout).map(({ line }) => line)).toEqual([1, 2]);
    expect((await run('batch', 'cancel', id, '--json')).exitCode).toBe(0);
    await writeFile(file, '{"front":\n');
    expect((await run('batch', 'submit', file)).stderr).toContain('line 1');
    expect((await run('batch', 'submit', path.join(cards, 'absent'))).exitCode).toBe(1);
  });

  it('continues after an unusable image, and reports it', async () => {
    const text = path.join(cards, 'text.jpg');
    await writeFile(text, 'hello');
    const { exitCode, stdout, stderr } = await run('submit', text, pictures[0]!, '--json');
    expect(exitCode).toBe(1);
    expect(objects(stdout)).toHaveLength(1);
    expect(stderr).toContain('image_unusable');
    const absent = await run('submit', path.join(cards, 'absent.jpg'));
    expect(absent.exitCode).toBe(1);
    expect(absent.stderr).toContain('absent.jpg');
  });

  it.each([
    ['a wrong key', () => withInfo({ apiKey: 'csk_wrong' }), 'unauthorized'],
    ['an API that is not there', () => withInfo({ apiUrl: 'http://127.0.0.1:9' }), 'cannot be reached'],
  ])('says so with %s', async (_name, to, reason) => {
    const { exitCode, stdout, stderr } = await runCardseal(to(), ['list']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain('    at ');
  });

  it('misuse is exit code 2, help is 0', async () => {
    expect((await run('list', '--frobnicate')).exitCode).toBe(2);
    expect((await run('key', 'create', 'dev', '--cards-per-day', 'many')).exitCode).toBe(2);
    const help = await run('submit', '--help');
    expect([help.exitCode, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('--wait');
  });

  it('makes operators, changes and removes them; what it changes is on record', async () => {
    const typed = (password: string, ...args: string[]) => runCardseal(stack, args, password);
    const password = 'a long enough password';
    expect((await typed('short', 'admin', 'create', 'wang')).stderr).toContain('password_too_short');
    expect((await typed(password, 'admin', 'create', 'wang', '--role', 'viewer')).stdout).toContain('created');
    expect((await run('admin', 'set', 'wang')).stderr).toContain('nothing_to_change');
    expect((await run('admin', 'set', 'wang', '--role', 'owner')).exitCode).toBe(0);
    expect((await run('admin', 'list')).stdout).toMatch(/^user +role +created\n(.*\n)*wang +owner +20/);
    expect((await typed('another long password', 'admin', 'set', 'wang', '--password')).exitCode).toBe(0);
    expect((await run('admin', 'remove', 'wang')).stdout).toBe('operator wang removed\n');
    expect((await run('admin', 'remove', 'wang')).stderr).toContain('admin_not_found');
    const written = objects((await run('audit', 'export')).stdout).filter(({ who }) => who === 'cli');
    // A command that is refused before it changes anything gets no audit entry.
    expect(written.map(({ action, target }) => [action, target.admin])).toEqual([
      ['admin.remove', 'wang'],
      ['admin.change', 'wang'],
      ['admin.change', 'wang'],
      ['admin.create', 'wang'],
    ]);
    expect(written[1].detail).toMatchObject({ password: true, os_user: expect.any(String) });
    expect(written[2].detail).toMatchObject({ password: false, role: 'owner' });
  });

  it.each([
    [['doctor', '--json']],
    [['tenant', 'create', 'by-folder']],
    [['tenant', 'list', '--json']],
    [['key', 'create', 'by-folder', '--scope', 'jobs:read']],
    [['keys', 'status', '--json']],
    [['admin', 'list', '--json']],
    [['audit', 'verify']],
    [['list', '--limit', '1', '--json']],
  ])('finds the running stack by its data folder: %j', async (args) => {
    const { exitCode, stdout, stderr } = await runCardsealByDataFolder(stack, args);
    expect([exitCode, stderr]).toEqual([0, expect.not.stringMatching(/^cardseal: /m)]);
    expect(stdout).not.toBe('');
    if (args[0] !== 'list') expect(stderr).toContain(`using the stack of ${path.join(stack.dataDir, 'dev.json')}`);
  });

  it('makes tenants and keys, changes, counts and revokes them', async () => {
    expect((await run('tenant', 'create', 'bank-of-tests', '--name', 'A bank')).exitCode).toBe(0);
    expect((await run('tenant', 'create', 'bank-of-tests')).stderr).toContain('tenant_exists');
    expect((await run('tenant', 'set', 'bank-of-tests', '--weight', '2')).exitCode).toBe(0);
    expect((await run('tenant', 'list')).stdout).toMatch(/bank-of-tests +A bank +2 /);
    const [{ id, key }] = objects(
      (await run('key', 'create', 'bank-of-tests', '--cards-per-day', '1', '--json')).stdout,
    );
    const asKey = withInfo({ apiKey: key });
    expect((await runCardseal(asKey, ['submit', pictures[0]!])).exitCode).toBe(0);
    expect((await run('key', 'list', 'bank-of-tests')).stdout).toMatch(new RegExp(`${id} +live .*1 cards/day`));
    const set = ['key', 'set', 'bank-of-tests', id, '--cards-per-day', 'none', '--requests-per-second', '50', '--json'];
    expect(objects((await run(...set)).stdout)[0].limits).toEqual({ requestsPerSecond: 50 });
    expect((await run('key', 'set', 'bank-of-tests', 'nokey', '--concurrency', '2')).stderr).toContain('key_not_found');
    expect((await run('key', 'usage', 'bank-of-tests', id)).stdout).toMatch(/^day +key +requests +cards +refused/);
    expect((await run('key', 'revoke', 'bank-of-tests', id)).stdout).toBe(`key ${id} revoked\n`);
    const refused = async () => (await runCardseal(asKey, ['list'])).stderr;
    await expect.poll(refused, { timeout: 10_000 }).toContain('unauthorized');
    const written = objects((await run('audit', 'export')).stdout);
    const ofTenant = written.filter(({ target }) => target.tenant === 'bank-of-tests');
    expect(ofTenant.map(({ who, action }) => `${who} ${action}`)).toEqual([
      'cli key.revoke',
      'cli key.change',
      'cli key.create',
      'cli tenant.change',
      'cli tenant.create',
    ]);
  });
});

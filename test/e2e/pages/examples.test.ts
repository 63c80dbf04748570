/**
 * The other examples of the pages hold on a running stack: TypeScript runs unchanged, requests
 * are answered, its webhook and its problem look like that, and the emulator takes its settings.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginAdmin } from '../../support/admin.ts';
import { blocksOf, PAGES, ROOT } from '../../support/pages/blocks.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { type Arrival, type Receiver, startReceiver } from '../../support/webhook-receiver.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

let app: TestStack;
let receiver: Receiver;
let specimen: Specimen;
/** The requests to an endpoint of each payload mode, with its secret. */
const arrived: Record<string, { arrival: Arrival; secret: string }> = {};

beforeAll(async () => {
  [app, receiver] = await Promise.all([startTestStack(), startReceiver()]);
  for await (const one of generateSpecimens({ count: 1, seed: 31, scenario: 'good', scale: 0.6 })) specimen = one;
  const register = async (payload: string, terms: object = {}) => {
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: receiver.url(`/${payload}`), payload, ...terms }),
      headers: { 'content-type': 'application/json' },
    });
    return [payload, body.secret] as const;
  };
  const endpoints = [await register('full'), await register('encrypted', { public_key: publicKey })];
  await app.submit({ front: specimen.front });
  for (const [payload, secret] of endpoints) {
    const [arrival] = await receiver.next((one) => one.path === `/${payload}`);
    arrived[payload] = { arrival: arrival!, secret };
  }
  await installClient();
});
afterAll(async () => {
  await app?.stop();
  await receiver?.stop();
});

/** A folder with the client in it, as a consumer has one. */
async function installClient(): Promise<void> {
  const scope = path.join(app.dataDir, 'consumer/node_modules/@cardseal');
  await mkdir(scope, { recursive: true });
  await symlink(path.join(ROOT, 'packages/client'), path.join(scope, 'client'));
  await writeFile(path.join(app.dataDir, 'consumer/front.jpg'), specimen.front);
}

/** Gives the block what it takes for granted of its surroundings, and lets it say what came of it. */
async function run(block: string, { mode = 'full', says = '' }: { mode?: string; says?: string }): Promise<string> {
  const { arrival, secret } = arrived[mode]!;
  const given = { text: arrival.raw, headers: arrival.headers, secret, privateKeyPem: privateKey };
  const before = `const { text, headers, secret, privateKeyPem } = JSON.parse(process.env.GIVEN!);
const body = Buffer.from(text);
const request = { headers };`;
  const folder = path.join(app.dataDir, 'consumer');
  const file = path.join(folder, 'example.ts');
  await writeFile(file, says === '' ? block : `${before}\n${block}\nconsole.log(${says});\n`);
  const { apiUrl, apiKey } = app.stack.info;
  const env = { ...process.env, CARDSEAL_URL: apiUrl, CARDSEAL_API_KEY: apiKey, GIVEN: JSON.stringify(given) };
  return (await promisify(execFile)(process.execPath, [file], { cwd: folder, env })).stdout.trim();
}

const EXAMPLES: { page: string; has: string; mode?: string; says?: string; prints: string }[] = [
  { page: 'packages/client/README.md', has: 'jobs.wait', prints: 'succeeded clear' },
  { page: 'docs/use/webhooks.md', has: 'throws WebhookVerificationError', says: 'event.type', prints: 'job.succeeded' },
  { page: 'docs/use/webhooks.md', has: 'createHmac', says: 'verify(secret, headers, body)', prints: 'true' },
  {
    page: 'docs/use/webhooks.md',
    has: 'decryptPayload',
    mode: 'encrypted',
    says: '(full as typeof event).data.state',
    prints: 'succeeded',
  },
];

describe('the examples of the pages', () => {
  it('are all known here', () => {
    const blocks = PAGES.flatMap((page) => blocksOf(page, 'ts'));
    expect(blocks).toHaveLength(EXAMPLES.length);
  });

  it.each(EXAMPLES)('$page: $has', async ({ page, has, mode, says, prints }) => {
    const [block] = blocksOf(page, 'ts').filter(({ text }) => text.includes(has));
    expect(await run(block!.text, { mode, says })).toBe(prints);
  });

  it('webhooks.md: what arrives', () => {
    const [block] = blocksOf('docs/use/webhooks.md', 'http');
    const [head, body] = block!.text.split('\n\n') as [string, string];
    const { arrival } = arrived.full!;
    for (const line of head.split('\n').slice(1)) {
      const [name, value] = /^([a-z-]+): (\S+)/.exec(line)!.slice(1) as [string, string];
      const shape = value.replaceAll(/<base64>|[0-9a-f]{32}|\d{10}/g, '*').replace(/[.*+?^$/]/g, '\\$&');
      expect(arrival.headers[name], name).toMatch(new RegExp(`^${shape.replaceAll('\\*', '[\\w+/=]+')}`));
    }
    const shown = JSON.parse(body.replace('{…}', '{}'));
    expect(Object.keys(arrival.event)).toEqual(Object.keys(shown));
    expect(arrival.event.type).toBe(shown.type);
  });

  it('admin.md: the requests of a bulk retry', async () => {
    const operator = await loginAdmin(app.stack.info);
    const [block] = blocksOf('docs/operate/admin.md', 'http');
    let id = '';
    for (const line of block!.text.split('\n')) {
      const [, method, route, body] = /^(\w+) +(\S+)(?: (\{.*\}))?$/.exec(line)!;
      const answer = await operator.call(method!, route!.replace('{id}', id), body && JSON.parse(body));
      expect(answer.status, `${line}: ${answer.text}`).toBeLessThan(300);
      id ||= answer.body.id;
    }
    expect(id).not.toBe('');
  });

  it('problems.md: a problem', async () => {
    const [block] = blocksOf('docs/use/problems.md', 'json');
    const { request_id, errors, ...shown } = JSON.parse(block!.text);
    const { body } = await app.call('POST', '/v1/jobs?side=front', {
      body: 'hello',
      headers: { 'content-type': 'image/jpeg' },
    });
    expect(body).toMatchObject({ ...shown, request_id: expect.stringMatching(`^${request_id.replace('…', '')}`) });
    expect(body.errors).toMatchObject([{ pointer: errors[0].pointer, code: errors[0].code }]);
    expect(Object.keys(body).sort()).toEqual(Object.keys(JSON.parse(block!.text)).sort());
  });

  it("the emulator's README: its settings", async () => {
    const [block] = blocksOf('apps/emulator/README.md', 'json');
    const settings = JSON.parse(block!.text);
    await app.control('PUT', settings);
    expect(JSON.parse(await app.control('GET'))).toMatchObject({ latency_ms: settings.latency_ms });
    await app.control('DELETE');
  });
});

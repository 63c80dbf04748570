import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { verifyWebhook } from '@cardseal/client';
import { newSecret } from '@cardseal/webhook';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPendingDeliveries, type PendingDeliveries } from '../support/pending-deliveries.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const CLI = path.resolve(import.meta.dirname, '../../apps/cli/src/main.ts');
const secret = newSecret();

function cardseal(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } });
  let stdout = '';
  const looks = new Set<() => void>();
  child.stdout.on('data', (piece) => {
    stdout += piece;
    for (const look of looks) look();
  });
  let stderr = '';
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = () => stdout.split('\n').slice(0, -1);
  /** Resolves with the first line that passes. */
  const line = (wanted: (text: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines().find(wanted);
        if (found !== undefined) resolve(found);
      };
      looks.add(look);
      look();
      code.then((ended) => reject(new Error(`ended with ${ended}: ${stderr}`)));
    });
  return { child, code, line, lines, stderr: () => stderr };
}

type Consume = (body: Buffer, request: IncomingMessage, response: ServerResponse) => void;

async function serve(consume: Consume): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    consume(body, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`, server };
}

const verified = (options: { toleranceS?: number; reads?: (body: Buffer) => string | Buffer } = {}): Consume => {
  const { toleranceS = 300, reads = (body) => body } = options;
  return (body, { headers }, response) => {
    try {
      verifyWebhook({ body: reads(body), headers, secret, toleranceS });
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  };
};

describe('cardseal webhook-check, as its own process, against consumers of every kind', () => {
  async function failuresOf(consume: Consume): Promise<{ failed: string[]; code: number | null }> {
    const { url, server } = await serve(consume);
    const run = cardseal(['webhook-check', url, '--json'], { CARDSEAL_WEBHOOK_SECRET: secret });
    const { grades } = JSON.parse(await run.line((text) => text.startsWith('{')));
    const code = await run.code;
    server.close();
    server.closeAllConnections();
    const failed = grades.filter((grade: { passed: boolean }) => !grade.passed);
    return { failed: failed.map(({ check }: { check: string }) => check), code };
  }
  const seen = new Set<unknown>();
  const REFUSALS = ['stale', 'from the future', 'tampered body', 'tampered id', 'foreign secret', 'unsigned'];

  it.each<{ who: string; consume: Consume; failed: string[] }>([
    { who: 'one by the book', consume: verified(), failed: [] },
    { who: 'one that believes everything', consume: (_, __, response) => void response.end(), failed: REFUSALS },
    { who: 'one without a clock', consume: verified({ toleranceS: 1e9 }), failed: ['stale', 'from the future'] },
    {
      who: 'one that verifies what it has parsed and written again',
      consume: verified({ reads: (body) => JSON.stringify(JSON.parse(body.toString()), null, 2) }),
      failed: ['valid', 'duplicated', 'tried again later', 'out of order', 'rotated', 'unknown type', 'oversized'],
    },
    {
      who: 'one that fails on ids it knows',
      consume: (body, request, response) => {
        const id = request.headers['webhook-id'];
        if (seen.has(id)) return void response.writeHead(500).end();
        verified()(body, request, response);
        if (response.statusCode === 204) seen.add(id);
      },
      failed: ['duplicated', 'tried again later'],
    },
    {
      who: 'one that takes 100 kB',
      consume: (body, request, response) =>
        body.length > 100_000 ? void response.writeHead(413).end() : verified()(body, request, response),
      failed: ['oversized'],
    },
    {
      who: 'one that answers refusals by redirecting to a login',
      consume: (body, request, response) => {
        const { writeHead } = response;
        response.writeHead = ((status: number) => writeHead.call(response, status === 401 ? 302 : status)) as never;
        verified()(body, request, response);
      },
      failed: REFUSALS,
    },
  ])('$who', async ({ consume, failed }) => {
    const result = await failuresOf(consume);
    expect(result.failed).toEqual(failed);
    expect(result.code).toBe(failed.length === 0 ? 0 : 1);
  });
});

describe('cardseal listen --forward, against a running stack', () => {
  let app: TestStack;
  let pendingDeliveries: PendingDeliveries;
  beforeAll(async () => {
    app = await startTestStack();
    pendingDeliveries = createPendingDeliveries(app);
  });
  afterAll(async () => {
    await pendingDeliveries?.close();
    await app?.stop();
  });
  const endpoints = async () => (await app.call('GET', '/v1/webhook-endpoints')).body.data as { id: string }[];

  it('registers itself, forwards what it verified byte for byte, answers as the target did, and leaves nothing', async () => {
    const forwarded: { raw: string; id: unknown; signature: unknown }[] = [];
    const target = await serve((body, { headers }, response) => {
      const raw = body.toString();
      if (JSON.parse(raw).type === 'endpoint.test') return void response.writeHead(204).end();
      forwarded.push({ raw, id: headers['webhook-id'], signature: headers['webhook-signature'] });
      response.writeHead(forwarded.length === 1 ? 503 : 204).end();
    });
    const env = { CARDSEAL_URL: app.stack.info.apiUrl, CARDSEAL_API_KEY: app.stack.info.apiKey };
    const listener = cardseal(['listen', '--forward', target.url, '--payload', 'full', '--json'], env);
    await expect.poll(listener.stderr, { timeout: 30_000 }).toContain('listening as we_');
    const [endpoint] = await endpoints();
    const job = await pendingDeliveries.add([endpoint!.id]);
    const accepted = await listener.line((text) => text.includes(job) && JSON.parse(text).status === 204);
    expect(JSON.parse(accepted)).toMatchObject({ type: 'job.succeeded', data: { id: job } });
    // The target's refusal was passed on, so that it came again: same id, same bytes, newly signed.
    expect(forwarded).toHaveLength(2);
    expect(new Set(forwarded.map(({ raw, id }) => `${id} ${raw}`)).size).toBe(1);
    expect(new Set(forwarded.map(({ signature }) => signature)).size).toBe(2);
    listener.child.kill('SIGINT');
    expect(await listener.code).toBe(0);
    expect(await endpoints()).toEqual([]);
    target.server.close();
    target.server.closeAllConnections();
  });
});

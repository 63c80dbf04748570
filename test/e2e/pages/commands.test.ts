/**
 * Every command between fences on every page, unchanged, against one running stack: none may fail. Quickstart
 * and runbook have separate tests; a command that cannot run here is in a table with its reason.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook } from '@cardseal/client';
import { newSecret } from '@cardseal/webhook';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OperatorShell, openShell } from '../../support/operator-shell.ts';
import { blocksOf, commandsOf, PAGES, ROOT } from '../../support/pages/blocks.ts';
import { isRun } from '../../support/pages/not-run.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';

const SECRET = newSecret();
/** Where the pages take the reader's own consumer to be. */
const CONSUMER = 'http://localhost:8080';
/** The stack of a test has no TLS to Redis and one bucket for all: there is advice, and so the page promises this. */
const ENDS_WITH: Record<string, number> = { 'cardseal doctor --strict': 1 };
/** Stays until Ctrl-C. */
const LASTS = 'cardseal listen ';
/** For the one command that asks for a password. */
const INPUT = 'a password of some length\n';

const blocks = PAGES.filter((page) => !/quickstart|runbook|develop\/(debugging|testing)/.test(page)).flatMap((page) =>
  blocksOf(page, 'sh'),
);
const cases = blocks.flatMap((block) => {
  const commands = commandsOf(block).filter((command) => isRun(block.page, command));
  return commands.length === 0 ? [] : [{ page: block.page, line: block.line, commands }];
});
const lasting = cases.filter(({ commands }) => commands[0]!.startsWith(LASTS));

let app: TestStack;
let shell: OperatorShell;
let consumer: Server;

beforeAll(async () => {
  app = await startTestStack();
  shell = await openShell(app);
  consumer = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    try {
      verifyWebhook({ body, headers: request.headers, secret: SECRET });
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => consumer.listen(0, '127.0.0.1', resolve));
  const said = async (command: string) => JSON.parse((await shell.run(command)).stdout);
  // An entry, so that the log of operators has a head.
  await shell.run(
    'curl -sf -c "$JAR" --data-urlencode "user=$ADMIN_USER" --data-urlencode "password=$ADMIN_PASSWORD" "$ADMIN_URL/login"',
  );
  const { head } = await said('cardseal audit verify');
  const { id } = await said('cardseal key create "$TENANT" --json');
  Object.assign(shell.env, { KEY_ID: id, SECRET, HEAD: `${head.seq}:${head.hash}` });
});
afterAll(async () => {
  consumer?.close();
  consumer?.closeAllConnections();
  await app?.stop();
});

function asHere(command: string): string {
  return command.replaceAll(CONSUMER, `http://127.0.0.1:${(consumer.address() as AddressInfo).port}`);
}

describe('the commands of the pages', () => {
  it('are found', () => expect(cases.length).toBeGreaterThan(5));

  it.each(cases.filter((one) => !lasting.includes(one)))('$page:$line', async ({ page, commands }) => {
    // The README starts in a fresh clone without settings.
    const where = page === 'README.md' ? { cwd: ROOT, env: process.env } : {};
    for (const command of commands) {
      const { exitCode, stdout, stderr } = await shell.run(asHere(command), { input: INPUT, ...where });
      const wanted = Object.entries(ENDS_WITH).find(([start]) => command.startsWith(start))?.[1] ?? 0;
      expect(exitCode, `${command}\n${stdout}${stderr}`).toBe(wanted);
    }
  });

  it.each(lasting)('$page:$line, until Ctrl-C', async ({ commands }) => {
    const endpoints = async () => (await app.call('GET', '/v1/webhook-endpoints')).body.data as unknown[];
    const [command] = commands;
    const child = spawn('sh', ['-euc', `exec ${asHere(command!)}`], { cwd: shell.folder, env: shell.env });
    let said = '';
    child.stderr.setEncoding('utf8');
    for await (const text of child.stderr) {
      said += text;
      if (said.includes('listening as we_')) break;
    }
    expect(await endpoints(), said).toHaveLength(1);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await endpoints()).toEqual([]);
  });

  it('leave what they promise', async () => {
    const { stdout } = await shell.run('cardseal tenant list && cardseal key list "$TENANT" && cat audit.ndjson');
    expect(stdout).toMatch(/^bank /m);
    expect(stdout).toMatch(new RegExp(`^${shell.env.KEY_ID} +revoked `, 'm'));
    expect(stdout).toContain('"seq":1');
  });
});

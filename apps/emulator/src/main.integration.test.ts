import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateSpecimens } from './cards/index.ts';
import { CREDENTIAL, fetchToken, formOf } from './client-for-tests.ts';
import { readConfig } from './config.ts';

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emulator-'));
  await writeFile(join(folder, 'credentials.json'), JSON.stringify([{ ...CREDENTIAL, qps: 1 }]));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const environment = () => ({
  EMULATOR_PORT: '0',
  EMULATOR_DATA_DIR: join(folder, 'data'),
  EMULATOR_CREDENTIALS_FILE: join(folder, 'credentials.json'),
});

async function startProcess(): Promise<string> {
  child = fork(new URL('./main.ts', import.meta.url), [], { env: { ...process.env, ...environment() }, silent: true });
  const [message] = await once(child, 'message');
  expect(message).toEqual({ type: 'ready', port: expect.any(Number) });
  return `http://127.0.0.1:${message.port}`;
}

describe('the process', () => {
  it('reports that it is ready, reads a card in its thread, and keeps the rate of its credential', async () => {
    const url = await startProcess();
    const token = await fetchToken(url);
    for await (const { front, truth } of generateSpecimens({ count: 1, scenario: 'good' })) {
      const body = formOf({ image: front.toString('base64'), id_card_side: 'front' });
      const post = () => fetch(`${url}/rest/2.0/ocr/v1/idcard?access_token=${token}`, { method: 'POST', body });
      const [first, second] = await Promise.all([post(), post()]);
      const texts = [await first!.text(), await second!.text()];
      expect(texts.filter((text) => text.includes('"error_code":18'))).toHaveLength(1);
      expect(texts.filter((text) => text.includes(truth.card.id_number!))).toHaveLength(1);
    }
  });

  it.each(['SIGTERM', 'disconnect'] as const)('exits with code 0 on %s', async (how) => {
    await startProcess();
    const ended = once(child!, 'exit');
    if (how === 'SIGTERM') child!.kill(how);
    else child!.disconnect();
    expect(await ended).toEqual([0, null]);
  });
});

describe('the environment', () => {
  it('is checked completely, and errors contain no values', () => {
    const wrong = { EMULATOR_PORT: 'secret-port', BAIDU_QPS: '-1' };
    expect(() => readConfig(wrong)).toThrow(/EMULATOR_PORT(.|\n)*EMULATOR_CREDENTIALS_FILE(.|\n)*BAIDU_QPS/);
    expect(() => readConfig(wrong)).not.toThrow(/secret-port/);
    expect(() => readConfig(wrong)).not.toThrow(/invalid|expected|received/i);
    expect(() => readConfig(wrong)).toThrow('EMULATOR_PORT: must be a port from 0 to 65535');
  });

  it('has the documented rate, suite and defaults', () => {
    expect(readConfig({ ...environment(), EMULATOR_SUITE: 'gcm:random-prefix' })).toMatchObject({
      port: 0,
      host: '127.0.0.1',
      qps: 100,
      suite: { mode: 'gcm', iv: 'random-prefix' },
      credentials: [{ id: 'dev-1', qps: 1 }],
    });
    expect(() => readConfig({ ...environment(), EMULATOR_SUITE: 'ecb:zero' })).toThrow(/EMULATOR_SUITE/);
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../infra/dev/src/fixture/processes.ts';
import { type RedisServer, startRedis } from '../../../infra/dev/src/redis.ts';

let dataDir: string;
let redis: RedisServer | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'redis-test-'));
});

afterEach(async () => {
  await redis?.stop('SIGKILL');
  rmSync(dataDir, { recursive: true });
});

/** Sends inline commands, the last of them QUIT, and resolves with all answers. */
async function talk(server: RedisServer, ...commands: string[]): Promise<string> {
  const { hostname, port, password } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.end([`AUTH ${password}`, ...commands, 'QUIT', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

describe('startRedis', () => {
  it('serves with a password that no list of processes shows', async () => {
    redis = await startRedis({ dataDir });
    const { password } = new URL(redis.url);
    expect(password).toMatch(/^\w{48}$/);
    expect(readFileSync(`/proc/${redis.pid}/cmdline`, 'latin1')).not.toContain(password);
    expect(statSync(path.join(dataDir, 'redis.conf')).mode & 0o777).toBe(0o600);
    expect(await talk({ ...redis, url: redis.url.replace(password, 'wrong') }, 'PING')).toContain('NOAUTH');
  });

  it('evicts nothing and appends to a file', async () => {
    redis = await startRedis({ dataDir });
    const answers = await talk(redis, 'CONFIG GET maxmemory-policy', 'CONFIG GET appendonly');
    expect(answers).toMatch(/noeviction[\s\S]*yes/);
  });

  it('has its data, its password and, if asked, its port after a restart', async () => {
    redis = await startRedis({ dataDir, plainFiles: true });
    const { url, port } = redis;
    await talk(redis, 'SET kept here-it-is');
    await redis.stop();
    expect(isAlive(redis.pid)).toBe(false);
    redis = await startRedis({ dataDir, port, extraLines: ['appendfsync always'] });
    expect(redis.url).toBe(url);
    expect(await talk(redis, 'GET kept', 'CONFIG GET appendfsync')).toMatch(/here-it-is[\s\S]*always/);
  });

  it('says why it could not start', async () => {
    await expect(startRedis({ dataDir, extraLines: ['no-such-setting 1'] })).rejects.toThrow(
      /redis did not start: exit code 1[\s\S]*no-such-setting/,
    );
  });
});

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';

describe('the setup of unit tests', () => {
  const { Server } = process.getBuiltinModule('node:net');
  const childProcess = process.getBuiltinModule('node:child_process');
  const { listen } = Server.prototype;
  const { spawnSync, execSync, execFileSync } = childProcess;
  // The types do not declare this method.
  const asynchronous = childProcess.ChildProcess.prototype as unknown as { spawn: unknown };
  const { spawn } = asynchronous;
  afterAll(() => {
    Server.prototype.listen = listen;
    asynchronous.spawn = spawn;
    Object.assign(childProcess, { spawnSync, execSync, execFileSync });
    process.getBuiltinModule('node:module').syncBuiltinESMExports();
  });

  it('refuses a server and a process, and names the remedy', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await import('../../support/unit-setup.ts');
    const remedy = '*.integration.test.ts';
    expect(() => createServer().listen(0, '127.0.0.1')).toThrow(remedy);
    expect(() => execFile(process.execPath, ['--version'])).toThrow(remedy);
    expect(() => childProcess.execFileSync(process.execPath, ['--version'])).toThrow(remedy);
  });
});

/**
 * Keeps unit tests pure: in the `unit` project a listening server or a started process fails the test that causes it.
 * Tests that need one are named `*.integration.test.ts` and run in the `integration` project.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Server } from 'node:net';

function refuse(what: string): () => never {
  return () => {
    throw new Error(`A unit test may not ${what}: rename its file to *.integration.test.ts.`);
  };
}

Server.prototype.listen = refuse('start a server');
// Every asynchronous way to start a process calls this method.
Object.assign(childProcess.ChildProcess.prototype, { spawn: refuse('start a process') });
for (const name of ['spawnSync', 'execSync', 'execFileSync'] as const) {
  childProcess[name] = refuse('start a process');
}
syncBuiltinESMExports();

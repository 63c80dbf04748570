import { describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const node = (script: string) => runProgram(process.execPath, ['-e', script]);

describe('runProgram', () => {
  it('returns the exit code, or 128 plus the number of the signal', async () => {
    expect(await node('process.exit(0)')).toBe(0);
    expect(await node('process.exit(5)')).toBe(5);
    expect(await node('process.kill(process.pid, "SIGKILL")')).toBe(137);
  });

  it('passes the environment to the program', async () => {
    const script = 'process.exit(process.env.WORD === "yes" && process.env.CARDSEAL_LAUNCHER_MARK ? 0 : 1)';
    expect(await runProgram(process.execPath, ['-e', script], { env: { WORD: 'yes' } })).toBe(0);
  });

  it('throws if the program does not exist', async () => {
    await expect(runProgram('/no/such/program', [])).rejects.toThrow('could not be started');
  });
});

/** Runs Prometheus' checker of rules and configurations for the tests of `infra/monitoring`. Tests fail without it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensurePromtool } from '../../infra/dev/src/promtool-install.ts';

export const MONITORING = path.resolve(import.meta.dirname, '../../infra/monitoring');

/** The first call on a machine without promtool downloads a package. */
export const PROMTOOL_TIMEOUT_MS = 300_000;

export interface PromtoolRun {
  status: number | null;
  output: string;
}

/** Runs in the folder of the monitoring files. */
export async function promtool(...args: readonly string[]): Promise<PromtoolRun> {
  const program = await ensurePromtool((line) => console.error(line));
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: MONITORING, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

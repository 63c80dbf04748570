/** jscpd: copies of the same lines in programs. Tests may repeat themselves; a reader should not have to look elsewhere. */
import path from 'node:path';
import { runTool } from './run-tool.ts';

/** Shorter copies are mostly lists of imports and wiring, which read better repeated. */
const MIN_LINES = 8;
const MIN_TOKENS = 60;
/** `schema.ts` of the client is generated. */
const IGNORED = '**/node_modules/**,**/*.test.ts,**/client/src/api/schema.ts';
const FOLDERS = ['apps', 'packages', 'infra'];

export async function runJscpd(root: string): Promise<readonly string[]> {
  const limits = ['--min-lines', String(MIN_LINES), '--min-tokens', String(MIN_TOKENS)];
  const folders = FOLDERS.map((folder) => path.join(root, folder));
  const formats = ['--format', 'typescript,javascript,lua'];
  const settings = ['--ignore', IGNORED, '--reporters', 'console', '--exit-code', '1', '--no-colors'];
  const { exitCode, output } = await runTool('jscpd', [...limits, ...formats, ...settings, ...folders]);
  return exitCode === 0 ? [] : [output.trim()];
}

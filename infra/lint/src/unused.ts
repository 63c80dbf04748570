/** Knip: files, exports and dependencies that nothing uses, by knip.jsonc. */
import { runTool } from './run-tool.ts';

/** `root`: a folder with a package.json and a knip.jsonc. */
export async function runKnip(root: string): Promise<readonly string[]> {
  const { exitCode, output } = await runTool('knip', ['--no-progress', '--directory', root]);
  return exitCode === 0 ? [] : [output.trim()];
}

/** Biome: formatting and the rules of biome.json. */
import { runTool } from './run-tool.ts';

/** Biome prints its findings itself; they are one text here. */
export async function runBiome(_root: string, paths: readonly string[]): Promise<readonly string[]> {
  const places = paths.length > 0 ? paths : ['.'];
  const { exitCode, output } = await runTool('biome', ['ci', '--colors=off', '--error-on-warnings', ...places]);
  return exitCode === 0 ? [] : [output.trim()];
}

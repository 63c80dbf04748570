/** The checks of `npm run lint`, in the order in which their results are printed. */
import { runBiome } from './biome.ts';
import { runJscpd } from './duplicates.ts';
import { type Finding, formatFinding } from './findings.ts';
import { checkImports } from './imports/check.ts';
import { checkLua } from './lua/check.ts';
import { checkProse } from './prose/check.ts';
import { runKnip } from './unused.ts';

export interface Check {
  readonly name: string;
  /** Completes "refuses …" in the help text. */
  readonly refuses: string;
  /** What to do about its findings. */
  readonly fix: string;
  /** Returns one text per finding. `paths` limits what is read, if the check can do that. */
  run(root: string, paths: readonly string[]): Promise<readonly string[]>;
}

export const CHECKS: readonly Check[] = [
  {
    name: 'biome',
    refuses: 'unformatted files, suspicious code, functions of more than 60 lines',
    fix: 'run "npx biome check --write ." and repair by hand what remains',
    run: runBiome,
  },
  {
    name: 'imports',
    refuses: 'imports against the architecture, import cycles, undeclared dependencies',
    fix: 'import downwards and by package name; the tables are in infra/lint/src/imports/rules.ts',
    run: inProcess(checkImports),
  },
  {
    name: 'unused',
    refuses: 'files, exports and dependencies that nothing uses',
    fix: 'delete them, or drop the word "export"; exceptions with their reason: knip.jsonc',
    run: runKnip,
  },
  {
    name: 'duplicates',
    refuses: 'copies of eight lines or more',
    fix: 'move the lines to one place that both use',
    run: runJscpd,
  },
  {
    name: 'lua',
    refuses: 'Redis scripts that do not parse, undefined names, unused locals and includes',
    fix: 'repair the script; names that the loader defines are listed in "--- @constants a, b"',
    run: inProcess(checkLua),
  },
  {
    name: 'prose',
    refuses: 'words and phrases that docs/develop/style.md excludes, in comments, test names, texts and Markdown',
    fix: 'rewrite the sentence; rules: infra/lint/src/prose/rules.ts; one folder: npm run lint:prose -- PATH',
    run: inProcess(checkProse),
  },
];

function inProcess(check: (root: string, paths: readonly string[]) => readonly Finding[]): Check['run'] {
  return async (root, paths) => check(root, paths).map(formatFinding);
}

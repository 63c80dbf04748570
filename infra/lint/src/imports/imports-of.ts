/**
 * Reads what a file imports: import and export declarations, type-only ones included, `import()` as a call and as a
 * type, `createRequire`, mocked modules, and programs that are started by their URL.
 */
import { parseSync } from 'oxc-parser';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased before the program runs. */
  readonly typeOnly: boolean;
}

/** Everything that the module record of a parser leaves out and that names a module by a literal. */
const CALLS = [
  /\bimport\(\s*['"]([^'"]+)['"]/g,
  /\bcreateRequire\(import\.meta\.url\)(?:\.resolve)?\(\s*['"]([^'"]+)['"]/g,
  /\bimport\.meta\.resolve\(\s*['"]([^'"]+)['"]/g,
  /\bvi\.(?:mock|doMock|importActual|importOriginal)\(\s*['"]([^'"]+)['"]/g,
  /\bnew URL\(\s*['"](\.{1,2}\/[^'"]+\.m?[jt]s)['"],\s*import\.meta\.url/g,
];

export function importsOf(file: string, text: string): Import[] {
  const { module } = parseSync(file, text);
  const at = (specifier: string, start: number, typeOnly: boolean): Import => ({
    specifier,
    line: text.slice(0, start).split('\n').length,
    typeOnly,
  });
  const imports = module.staticImports.map((found) => {
    const typeOnly = found.entries.length > 0 && found.entries.every(({ isType }) => isType);
    return at(found.moduleRequest.value, found.start, typeOnly);
  });
  const exports = module.staticExports.flatMap(({ entries, start }) => {
    const [entry] = entries;
    return entry?.moduleRequest
      ? [
          at(
            entry.moduleRequest.value,
            start,
            entries.every(({ isType }) => isType),
          ),
        ]
      : [];
  });
  const calls = CALLS.flatMap((call) => [...text.matchAll(call)].map((found) => at(found[1]!, found.index, false)));
  return [...imports, ...exports, ...calls];
}

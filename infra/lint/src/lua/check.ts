/** The Lua check: every script parses, reads only names that exist in Redis, and declares no unused local. */
import { parse } from 'luaparse';
import { type Finding, sortFindings } from '../findings.ts';
import { listFiles, readSource } from '../repository.ts';
import { type Name, type Names, resolveNames } from './names.ts';
import { isScript, joinScript, type Script } from './scripts.ts';

/** What Redis gives a script: https://redis.io/docs/latest/develop/programmability/lua-api/ */
const REDIS_GLOBALS = new Set(
  (
    'KEYS ARGV redis cjson cmsgpack bit struct math string table assert error getmetatable ipairs next pairs pcall ' +
    'rawequal rawget select setmetatable tonumber tostring type unpack xpcall'
  ).split(' '),
);

export function checkLua(root: string): Finding[] {
  const files = listFiles(root, ['*.lua']);
  return findLuaDefects(files, (file) => readSource(root, file).text);
}

/** `files`: scripts and includes; `read` returns a file's text. */
export function findLuaDefects(files: readonly string[], read: (file: string) => string): Finding[] {
  const found: Finding[] = [];
  const locals = new Map<string, { finding: Finding; used: boolean }>();
  const reached = new Set<string>();
  for (const file of files.filter(isScript)) {
    try {
      const script = joinScript(file, read);
      for (const part of script.files) reached.add(part);
      const names = resolveNames(parse(script.text, { luaVersion: '5.1', locations: true, comments: false }));
      found.push(...freeNames(names.free, script));
      noteLocals(names, script, locals);
    } catch (error) {
      found.push({ file, line: 1, message: `does not parse: ${(error as Error).message}` });
    }
  }
  for (const file of files.filter((name) => !isScript(name) && !reached.has(name)))
    found.push({ file, line: 1, message: 'no script includes this file: delete it' });
  const idle = [...locals.values()].filter(({ used }) => !used).map(({ finding }) => finding);
  return sortFindings([...new Map([...found, ...idle].map((finding) => [JSON.stringify(finding), finding])).values()]);
}

/** An include serves several scripts: its local is in use when one of them reads it. */
function noteLocals(names: Names, script: Script, locals: Map<string, { finding: Finding; used: boolean }>): void {
  const unused = new Set(names.unused);
  for (const name of names.declared) {
    const finding = at(script, name, `local "${name.name}" is never read: delete it`);
    const key = `${finding.file}:${finding.line}:${name.name}`;
    const used = !unused.has(name) || locals.get(key)?.used === true;
    locals.set(key, { finding, used });
  }
}

function freeNames(free: readonly Name[], script: Script): Finding[] {
  const known = new Set([...REDIS_GLOBALS, ...script.constants]);
  return free
    .filter(({ name }) => !known.has(name))
    .map((name) => at(script, name, `"${name.name}" is undefined: declare it local, or list it in "--- @constants"`));
}

function at(script: Script, { line }: Name, message: string): Finding {
  const place = script.place(line);
  return { file: place.file, line: place.line, message };
}

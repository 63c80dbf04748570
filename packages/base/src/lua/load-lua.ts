/**
 * Reads Redis scripts from `.lua` files: resolves includes and puts constants in front, so that a number has one home.
 * Redis caches a script by the hash of its text. Constants are therefore part of the text and not arguments of each call.
 */
import { readFileSync } from 'node:fs';

/** A value that can be written as a Lua literal. */
export type LuaConstant = number | readonly LuaConstant[] | { readonly [name: string]: LuaConstant };

/** A line `--- @include "name"` is replaced by `includes/name.lua` of the script's folder. */
const INCLUDE = /^--- @include "([\w-]+)"$/gm;

/**
 * @param file the script.
 * @param constants one `local` per entry, in front of everything else. The script names them in a line
 * `--- @constants a, b`, which the lint check of Lua reads.
 * @returns the whole text. Each include appears once. Throws when a file is missing.
 */
export function loadLua(file: URL, constants: Readonly<Record<string, LuaConstant>> = {}): string {
  return withConstants(readLua(file), constants);
}

/** The script with its includes and without constants, which some callers know only later. */
function readLua(file: URL): string {
  return readFileSync(file, 'utf8').replace(INCLUDE, (_, name: string) =>
    readFileSync(new URL(`includes/${name}.lua`, file), 'utf8'),
  );
}

function withConstants(script: string, constants: Readonly<Record<string, LuaConstant>>): string {
  const lines = Object.entries(constants).map(([name, value]) => `local ${name} = ${literal(value)}\n`);
  return lines.join('') + script;
}

function literal(value: LuaConstant): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `{ ${value.map(literal).join(', ')} }`;
  const fields = Object.entries(value).map(([name, inner]) => `${name} = ${literal(inner as LuaConstant)}`);
  return `{ ${fields.join(', ')} }`;
}

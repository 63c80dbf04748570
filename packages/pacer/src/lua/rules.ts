/**
 * The rules as a part of a script's text: Redis keeps a script it has seen, so that they are sent and read once, not
 * with each of a call's questions.
 */
import type { Rules } from '../rules.ts';

export function withRules(script: string, rules: Rules): string {
  return `local rules = ${literal(rules)}\n${script}`;
}

/** Numbers, lists and records with plain names are all that rules hold. */
function literal(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `{ ${value.map(literal).join(', ')} }`;
  const fields = Object.entries(value as object).map(([name, inner]) => `${name} = ${literal(inner)}`);
  return `{ ${fields.join(', ')} }`;
}

/** Turns a ZodError into a flat list of places and texts, as the API, the settings and the CLI show them. */
import type { z } from 'zod';

export interface InputProblem {
  /** Member names and list positions from the root of the input. */
  path: readonly (string | number)[];
  /** Stable: a code of zod, or `unknown_field`. */
  code: string;
  /** A predicate without a subject, such as "must be text". */
  text: string;
}

type Issue = z.core.$ZodIssue;

export function problemsOf(error: Pick<z.ZodError, 'issues'>): InputProblem[] {
  return error.issues.flatMap((issue) => flatten(issue, []));
}

/** "must be text" → "This must be text." A text that is a sentence already stays as it is. */
export function sentenceOf(text: string): string {
  if (!/^[a-z]/.test(text)) return text;
  return `This ${text}${text.endsWith('.') ? '' : '.'}`;
}

function flatten(issue: Issue, before: readonly (string | number)[]): InputProblem[] {
  const path = [...before, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], code: 'unknown_field', text: issue.message }));
  }
  const meant = issue.code === 'invalid_union' ? meantForm(issue.errors) : undefined;
  if (!meant) return [{ path, code: issue.code, text: issue.message }];
  return meant.flatMap((inner) => {
    const problems = flatten(inner, path);
    return problems.map((one) => ({ ...one, text: `${sentenceOf(one.text)} ${sentenceOf(issue.message)}` }));
  });
}

/**
 * Finds the only form of a union that has the members of the input: its issues say more than that no form fits.
 * Undefined when none or several forms have these members.
 */
function meantForm(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const candidates = forms.filter((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0));
  return candidates.length === 1 ? candidates[0] : undefined;
}

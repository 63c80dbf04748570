/**
 * Says what is wrong with an input in plain words. Importing this module replaces zod's own texts in the whole
 * process, so that no zod phrase ("Invalid input: expected string, received undefined") reaches a user.
 * Each text is a predicate without a subject ("must be text"): settings put the variable in front of it, the API
 * makes a sentence of it. No text repeats a value of the input.
 */
import { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const NOUNS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  date: 'a date',
  null: 'null',
};

const FORMATS: Record<string, string> = {
  url: 'a URL, such as https://host.example/path',
  email: 'an email address',
  datetime: 'a date and time with a zone, such as 2026-01-31T12:00:00Z',
  date: 'a date, such as 2026-01-31',
  time: 'a time, such as 12:00:00',
  base64: 'base64 (standard alphabet, padded)',
  base64url: 'base64url without padding',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  cidrv4: 'an IPv4 range, such as 10.0.0.0/8',
  cidrv6: 'an IPv6 range, such as fd00::/8',
  uuid: 'a UUID',
  json_string: 'JSON',
};

/** Zod calls this function for every issue whose schema defines no text. */
function plainWords(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(NOUNS[issue.expected] ?? issue.expected, issue.input);
    case 'invalid_value':
      return oneOf(issue.values.map(String), issue.input);
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return `must ${amount(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'invalid_format':
      return wrongFormat(issue as { format: string; [key: string]: unknown });
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return 'There is no such field.';
    case 'invalid_key':
      return `has a member whose name ${innerText(issue.issues) ?? 'is not allowed'}`;
    case 'invalid_element':
      return `has an entry that ${innerText(issue.issues) ?? 'is not allowed'}`;
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'has none of the forms that are allowed here';
    default:
      return 'is not allowed';
  }
}

z.config({ localeError: plainWords });

function wrongType(noun: string, input: unknown): string {
  return input === undefined ? `is missing; it must be ${noun}` : `must be ${noun}`;
}

function oneOf(values: readonly string[], input: unknown): string {
  const choice = values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
  return wrongType(choice, input);
}

function tooSmall({ origin, inclusive, minimum }: Extract<RawIssue, { code: 'too_small' }>): string {
  if (inclusive === false) return `must ${amount(origin, 'more than', minimum)}`;
  if (Number(minimum) === 1 && (origin === 'string' || origin === 'array')) return 'is empty';
  return `must ${amount(origin, 'at least', minimum)}`;
}

const UNITS: Record<string, [one: string, many: string]> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
  map: ['entry', 'entries'],
  object: ['member', 'members'],
  record: ['member', 'members'],
};

function amount(origin: string, relation: string, limit: number | bigint | Date): string {
  const unit = UNITS[origin];
  if (!unit) return `be ${relation} ${limit instanceof Date ? limit.toISOString() : limit}`;
  return `have ${relation} ${limit} ${unit[Number(limit) === 1 ? 0 : 1]}`;
}

function wrongFormat({ format, prefix, suffix, includes }: { format: string; [key: string]: unknown }): string {
  if (prefix !== undefined) return `must start with ${prefix}`;
  if (suffix !== undefined) return `must end with ${suffix}`;
  if (includes !== undefined) return `must contain ${includes}`;
  return format in FORMATS ? `must be ${FORMATS[format]}` : 'has a form that is not allowed';
}

function innerText(issues: unknown): string | undefined {
  return (issues as { message?: string }[] | undefined)?.[0]?.message;
}

// Fault injection: rules that match requests and define what goes wrong with them.
// Rules are data, and the random generator has a seed, so that a run can be repeated. Without rules this file changes nothing.

type Selection = {
  /** HTTP method, S3 operation name and a regular expression for the key. All that are present must match. */
  method?: string;
  operation?: string;
  keyPattern?: string;
  /** Share of matching requests, 0 to 1 (default 1), and their maximum number (default: no limit). */
  rate?: number;
  count?: number;
};

/**
 * - `status`: responds with this status before the operation, or after it (`when: 'after'`), so that the client cannot know.
 * - `slow`: waits before the operation.
 * - `cut`: closes the connection before or after the operation. After it, a read has sent half its body and a write is done.
 * - `corrupt`: changes one bit in the body of a read.
 * - `require_md5`: DeleteObjects without `Content-MD5` is refused with 400 `MissingContentMD5`, as several S3-compatible stores do.
 *   (A store that refuses DeleteObjects altogether is a `status` rule with `operation: 'DeleteObjects'` and 405 or 501.)
 * - `delete_errors`: DeleteObjects responds with 200, but keeps each object whose key matches `objectPattern` (default: all)
 *   and lists it as an error with `code` (default `InternalError`).
 * - `thin_pages`: ListObjectsV2 first sends an empty page that is marked as truncated, then a page of at most `keys` keys
 *   (default 1), then an empty one again. The continuation tokens still reach the end of the listing.
 */
export type FaultRule = Selection &
  (
    | { kind: 'status'; status: number; code?: string; when?: 'before' | 'after' }
    | { kind: 'slow'; delayMs: number }
    | { kind: 'cut'; when?: 'before' | 'after' }
    | { kind: 'corrupt' }
    | { kind: 'require_md5' }
    | { kind: 'delete_errors'; objectPattern?: string; code?: string }
    | { kind: 'thin_pages'; keys?: number }
  );

export type RequestTraits = { method: string; operation: string; key: string };
type ActiveRule = { rule: FaultRule; pattern: RegExp | undefined; fired: number };

export class Faults {
  #active: ActiveRule[] = [];
  #random: () => number;

  constructor(seed = 1) {
    this.#random = seededRandom(seed);
  }

  /** Replaces all rules. @throws Error that names the first invalid rule. */
  set(rules: unknown, seed?: number): void {
    if (!Array.isArray(rules)) throw new Error('a list of rules is expected');
    const checked = rules.map((rule: unknown, position) => checkRule(rule, position));
    this.#active = checked.map((rule) => ({
      rule,
      pattern: rule.keyPattern === undefined ? undefined : new RegExp(rule.keyPattern, 'u'),
      fired: 0,
    }));
    if (seed !== undefined) this.#random = seededRandom(seed);
  }

  clear(): void {
    this.#active = [];
  }

  read(): (FaultRule & { fired: number })[] {
    return this.#active.map(({ rule, fired }) => ({ ...rule, fired }));
  }

  /** The rules that apply to this request. Counts each of them as fired. */
  take(traits: RequestTraits): FaultRule[] {
    return this.#active.filter((active) => this.#takes(active, traits)).map(({ rule }) => rule);
  }

  #takes(active: ActiveRule, { method, operation, key }: RequestTraits): boolean {
    const { rule, pattern, fired } = active;
    if (rule.count !== undefined && fired >= rule.count) return false;
    if (rule.method !== undefined && rule.method !== method) return false;
    if (rule.operation !== undefined && rule.operation !== operation) return false;
    if (pattern && !pattern.test(key)) return false;
    if (rule.rate !== undefined && this.#random() >= rule.rate) return false;
    active.fired++;
    return true;
  }
}

function checkRule(rule: unknown, position: number): FaultRule {
  const given = rule as FaultRule;
  const sound =
    (given?.kind === 'status' && Number.isInteger(given.status) && given.status >= 400 && given.status <= 599) ||
    (given?.kind === 'slow' && given.delayMs >= 0) ||
    (given?.kind === 'delete_errors' && isPattern(given.objectPattern)) ||
    (given?.kind === 'thin_pages' && (given.keys === undefined || (Number.isInteger(given.keys) && given.keys > 0))) ||
    ['cut', 'corrupt', 'require_md5'].includes(given?.kind);
  if (!sound) throw new Error(`rule ${position} is not a known fault`);
  return given;
}

/** @throws SyntaxError if it is not a regular expression. */
function isPattern(pattern: string | undefined): boolean {
  return pattern === undefined || new RegExp(pattern, 'u') instanceof RegExp;
}

/** A small generator (mulberry32): the same seed gives the same faults for the same order of requests. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

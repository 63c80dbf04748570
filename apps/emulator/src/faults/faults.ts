// Which fault, if any, strikes a call. Rules are asked in order and the first that fires wins.

export const FAULT_KINDS = [
  'error',
  'http',
  'html',
  'empty',
  'truncate',
  'garbage_cipher',
  'swap_reply',
  'slow_drip',
  'hang',
  'reset',
  'token_expired',
  'token_invalid',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRule {
  kind: FaultKind;
  /** Chance of each call; with neither `rate` nor `count` every call is struck. */
  rate?: number | undefined;
  /** How many calls are struck before the rule is spent. */
  count?: number | undefined;
  /** Provider code of `error`. */
  code?: number | undefined;
  /** HTTP status of `http`. */
  status?: number | undefined;
  /** Milliseconds between the bytes of `slow_drip` (default 100). */
  interval_ms?: number | undefined;
  /** Strikes this credential only. */
  credential?: string | undefined;
}

export interface Faults {
  draw(credentialId: string): FaultRule | undefined;
  rules(): FaultRule[];
  set(rules: FaultRule[]): void;
}

export function createFaults(random: () => number): Faults {
  let rules: FaultRule[] = [];
  const fires = (rule: FaultRule, credentialId: string): boolean => {
    if (rule.credential !== undefined && rule.credential !== credentialId) return false;
    if (rule.count !== undefined && rule.count <= 0) return false;
    return rule.rate === undefined || random() < rule.rate;
  };
  return {
    draw(credentialId) {
      const rule = rules.find((candidate) => fires(candidate, credentialId));
      if (rule?.count !== undefined) rule.count--;
      return rule;
    },
    rules: () => rules.map((rule) => ({ ...rule })),
    set(replacement) {
      rules = replacement.map((rule) => ({ ...rule }));
    },
  };
}

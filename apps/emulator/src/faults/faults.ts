// Decides which fault, if any, applies to a call. Rules are tried in order, and the first one that fires wins.

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
  'refuse',
  'token_expired',
  'token_invalid',
] as const;
type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRule {
  kind: FaultKind;
  /** Probability per call. With neither `rate` nor `count` the rule applies to every call. */
  rate?: number | undefined;
  /** To how many calls the rule applies before it ends. */
  count?: number | undefined;
  /** Provider code of `error`. */
  code?: number | undefined;
  /** HTTP status of `http`. */
  status?: number | undefined;
  /** Milliseconds between the bytes of `slow_drip` (default 100). */
  interval_ms?: number | undefined;
  /** Applies only to this credential. */
  credential?: string | undefined;
}

export interface Faults {
  /** Never returns a rule of kind `refuse`, because a refused call has no response. */
  draw(credentialId: string): FaultRule | undefined;
  /** Whether a rule of kind `refuse` applies to this call. `undefined`: its credential is unknown. */
  refuses(credentialId: string | undefined): boolean;
  /** Whether a rule of kind `refuse` applies to every call. */
  refusesAll(): boolean;
  rules(): FaultRule[];
  set(rules: FaultRule[]): void;
}

export function createFaults(random: () => number): Faults {
  let rules: FaultRule[] = [];
  const fires = (rule: FaultRule, credentialId: string | undefined): boolean => {
    if (rule.credential !== undefined && rule.credential !== credentialId) return false;
    if (rule.count !== undefined && rule.count <= 0) return false;
    return rule.rate === undefined || random() < rule.rate;
  };
  const drawOf = (credentialId: string | undefined, isWanted: (rule: FaultRule) => boolean) => {
    const rule = rules.find((candidate) => isWanted(candidate) && fires(candidate, credentialId));
    if (rule?.count !== undefined) rule.count--;
    return rule;
  };
  const refuses = ({ kind }: FaultRule) => kind === 'refuse';
  return {
    draw: (credentialId) => drawOf(credentialId, (rule) => !refuses(rule)),
    refuses: (credentialId) => drawOf(credentialId, refuses) !== undefined,
    refusesAll: () => rules.some((rule) => refuses(rule) && isForEveryCall(rule)),
    rules: () => rules.map((rule) => ({ ...rule })),
    set(replacement) {
      rules = replacement.map((rule) => ({ ...rule }));
    },
  };
}

function isForEveryCall({ credential, count, rate }: FaultRule): boolean {
  return credential === undefined && count === undefined && (rate === undefined || rate === 1);
}

/** The alert rules as a drill can wait for them: conditions, labels and words stay, only the waiting is cut short. */
import { parse, stringify } from 'yaml';

interface RuleFile {
  groups: { interval?: string; rules: { for?: string }[] }[];
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** Every `for` divided by `factor`, down to a second; the groups are evaluated each second. */
export function shortenedRules(yaml: string, factor: number): string {
  const file = parse(yaml) as RuleFile;
  for (const group of file.groups) {
    group.interval = '1s';
    for (const rule of group.rules) {
      if (rule.for !== undefined) rule.for = `${Math.max(1, Math.round(secondsOf(rule.for) / factor))}s`;
    }
  }
  return stringify(file);
}

function secondsOf(duration: string): number {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(duration) ?? [];
  if (!amount || !unit) throw new Error(`no duration that is known here: ${duration}`);
  return Number(amount) * SECONDS[unit]!;
}

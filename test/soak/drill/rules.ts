/** Shortens the alert rules for a drill: conditions, labels and texts stay, only the durations change. */
import { parse, stringify } from 'yaml';

interface RuleFile {
  groups: { interval?: string; rules: { for?: string }[] }[];
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** Divides every `for` by `factor`, down to one second, and evaluates the groups every second. */
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
  if (!amount || !unit) throw new Error(`unknown duration: ${duration}`);
  return Number(amount) * SECONDS[unit]!;
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { shortenedRules } from './rules.ts';

const RULES = readFileSync(path.resolve(import.meta.dirname, '../../../infra/monitoring/rules.yml'), 'utf8');

const withoutWaiting = (yaml: string) =>
  parse(yaml).groups.map(
    ({ interval: _interval, rules, ...group }: { interval: string; rules: { for?: string }[] }) => ({
      ...group,
      rules: rules.map(({ for: _for, ...rule }) => rule),
    }),
  );

describe('the alert rules of the drill', () => {
  it('differ from the original rules only in their durations', () => {
    expect(withoutWaiting(shortenedRules(RULES, 12))).toEqual(withoutWaiting(RULES));
  });

  it('use a twelfth of each duration, at least one second', () => {
    const waits = (yaml: string) =>
      parse(yaml).groups.flatMap(({ rules }: { rules: { for?: string }[] }) => rules.map((rule) => rule.for));
    const short = waits(shortenedRules(RULES, 12));
    waits(RULES).forEach((wait: string | undefined, at: number) => {
      expect(short[at]).toBe(wait && { '30s': '3s', '1m': '5s', '2m': '10s', '5m': '25s', '10m': '50s' }[wait]);
    });
    expect(waits(shortenedRules(RULES, 1000)).filter(Boolean)).toContain('1s');
  });

  it('reject an unknown duration', () => {
    const odd = 'groups: [{ name: g, rules: [{ alert: A, expr: x, for: 1w }] }]';
    expect(() => shortenedRules(odd, 12)).toThrow('1w');
  });
});

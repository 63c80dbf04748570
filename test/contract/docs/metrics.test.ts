/** The metrics page, the rules and the dashboard name all existing metrics and no others. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { METRICS, type MetricDefinition } from '@cardseal/core/metrics';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(REPOSITORY, file), 'utf8');

/** The names that a scrape shows for a metric: histograms have three. */
const exposed = new Set(
  Object.entries<MetricDefinition>(METRICS).flatMap(([name, { kind }]) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);
const OF_PROCESS = new Set([
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'nodejs_eventloop_lag_p99_seconds',
]);

function namesIn(query: string): string[] {
  return [...query.matchAll(/\b(cardseal_\w+|process_\w+|nodejs_\w+)(?!:)\b/g)].map(([name]) => name);
}

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: { severity: string };
  annotations?: { summary: string; runbook: string };
}
const rules: Rule[] = parse(read('infra/monitoring/rules.yml')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);

describe('metrics', () => {
  it('the page has one row per metric with its labels', () => {
    const rows = [
      ...read('docs/operate/metrics.md').matchAll(/^\| `(cardseal_\w+)` \| (\w+) \| ([^|]+) \| (.+) \|$/gm),
    ];
    const shown = Object.fromEntries(
      rows.map(([, name, kind, labels, help]) => [
        name,
        { kind, labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label), help },
      ]),
    );
    const wanted = Object.fromEntries(
      Object.entries<MetricDefinition>(METRICS).map(([name, { kind, labels, help }]) => [
        name,
        { kind, labels: [...labels], help },
      ]),
    );
    expect(shown).toEqual(wanted);
  });

  it('every query on the page uses existing metrics', () => {
    const queries = [...read('docs/operate/metrics.md').matchAll(/^\| [^|`]+\? \| `(.+)` \|$/gm)].map(
      ([, query]) => query!,
    );
    expect(queries.length).toBeGreaterThan(4);
    for (const query of queries) for (const name of namesIn(query)) expect(exposed, query).toContain(name);
  });

  it('every rule uses existing metrics or the result of another rule', () => {
    const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
    for (const { expr } of rules) {
      for (const name of namesIn(expr))
        expect(exposed.has(name) || OF_PROCESS.has(name), `${name} in ${expr}`).toBe(true);
      for (const [name] of expr.matchAll(/\bcardseal:[\w:]+/g)) expect(recorded, expr).toContain(name);
    }
  });

  it('every alert has a sentence and links to an existing page', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    expect(alerts.length).toBeGreaterThan(8);
    for (const { alert, annotations } of alerts) {
      expect(annotations?.summary, alert).toMatch(/\.$/);
      expect(() => read(annotations!.runbook), alert).not.toThrow();
    }
  });

  it('the page has one row per alert with its severity, duration and page', () => {
    const rows = [
      ...read('docs/operate/metrics.md').matchAll(
        /^\| `([A-Z]\w+)` \| (\w+) \| [^|]+ \| (\S+) \| \[[^\]]+\]\((.+)\) \|$/gm,
      ),
    ].map(([, ...row]) => row);
    const wanted = rules
      .filter(({ alert }) => alert !== undefined)
      .map(({ alert, labels, for: wait, annotations }) => [
        alert,
        labels?.severity,
        wait ?? '–',
        annotations?.runbook.replace('docs/operate/', ''),
      ]);
    expect(rows).toEqual(expect.arrayContaining(wanted));
    expect(rows).toHaveLength(wanted.length);
  });

  it('every alert has a test in which it fires and one in which it does not', () => {
    const { tests } = parse(read('infra/monitoring/rules-test.yml')) as {
      tests: { name: string; alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[];
    };
    const tried = tests.flatMap(({ name, alert_rule_test: cases }) =>
      cases.map(({ alertname, exp_alerts: fires }) => ({ name, alertname, fires: fires !== undefined })),
    );
    const alerts = rules.flatMap(({ alert }) => alert ?? []).sort();
    const firing = new Set(tried.filter(({ fires }) => fires).map(({ alertname }) => alertname));
    const silent = tried
      .filter(({ name, fires }) => name === 'all is well' && !fires)
      .map(({ alertname }) => alertname);
    expect([...firing].sort()).toEqual(alerts);
    expect(silent.sort()).toEqual(alerts);
  });

  it('every query of the dashboard uses existing metrics', () => {
    const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
    const { panels } = JSON.parse(read('infra/monitoring/dashboard.json')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(10);
    for (const query of queries) {
      for (const name of namesIn(query))
        expect(exposed.has(name) || OF_PROCESS.has(name), `${name} in ${query}`).toBe(true);
      for (const [name] of query.matchAll(/\bcardseal:[\w:]+/g)) expect(recorded, query).toContain(name);
    }
  });
});

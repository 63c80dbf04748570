/** Holds `docs/use/checks.md` against the code: what the page names, shows and promises is what the checks do. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  buildResult,
  CHECK_CODES,
  CHECK_OUTCOMES,
  type CheckCode,
  type CheckOutcome,
  DEFAULT_POLICY,
  FIELD_NAMES,
  type FieldName,
  maskResult,
  readVerdictPolicy,
  runChecks,
} from './index.ts';
import { back, front, TODAY } from './specimen-for-tests.ts';

const page = readFileSync(new URL('../../../../docs/use/checks.md', import.meta.url), 'utf8');
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((text): [string, string] => [/^`(\w+)`$/m.exec(text)![1]!, text.split(/^## /m)[0]!]),
);

/** The text of a section about one outcome. */
function line(code: CheckCode, outcome: CheckOutcome): string {
  return new RegExp(`^- \\*\\*${outcome}\\*\\*: (.+)$`, 'm').exec(sections.get(code) ?? '')?.[1] ?? '';
}

function block(name: string): unknown {
  return JSON.parse(new RegExp(`^\`\`\`json ${name}\\n([^]*?)\`\`\`$`, 'm').exec(page)![1]!);
}

describe('docs/use/checks.md', () => {
  it('has a section for each check, in the order of the list', () => {
    expect([...sections.keys()]).toEqual(CHECK_CODES);
  });

  it.each(CHECK_CODES)('says of %s which outcomes it can have, and what to do', (code) => {
    const said = [...sections.get(code)!.matchAll(/^- \*\*(\w+)\*\*: \S/gm)].map(([, outcome]) => outcome);
    expect(said).toEqual([...CHECK_OUTCOMES[code]]);
    expect(sections.get(code)).toMatch(/^\*\*Do\*\*: \S/m);
  });

  const valued: [CheckCode, (value: string) => ReturnType<typeof front>][] = [
    ['image_status', (value) => front({}, { image_status: value as 'normal' })],
    ['risk_type', (value) => front({}, { risk: { type: value as 'normal' } })],
    ['number_provider', (value) => front({}, { number_check: value as 'consistent' })],
  ];
  it.each(valued)('names the values of %s under the outcome that they get', (code, readingWith) => {
    const seen = CHECK_OUTCOMES[code].flatMap((outcome: CheckOutcome) =>
      [...line(code, outcome).matchAll(/`([^`]+)`/g)].map(
        ([, value]) => [value!.replace('…', 'new'), outcome] as const,
      ),
    );
    expect(seen.length).toBeGreaterThanOrEqual(6);
    for (const [value, outcome] of seen) {
      const checks = runChecks([readingWith(value)], { today: TODAY, thresholds: DEFAULT_POLICY.thresholds });
      expect([value, checks.find((check) => check.code === code)?.outcome]).toEqual([value, outcome]);
    }
  });

  it('shows the default policy and one that is accepted', () => {
    expect(block('default')).toEqual(DEFAULT_POLICY);
    expect(readVerdictPolicy(block('example'))).toEqual({
      policy: {
        thresholds: { ...DEFAULT_POLICY.thresholds, clear: 0.7 },
        checks: { residence_permit: { warn: 'clear' }, risk_type: { fail: 'review' } },
      },
    });
  });

  it('shows what masking leaves', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (.+) \| (.+) \|$/gm)].map(([, name, full, masked]) => ({
      name,
      full,
      masked,
    }));
    expect(rows.map(({ name }) => name)).toEqual([...FIELD_NAMES]);
    const result = buildResult([front(), back()], { today: TODAY, policy: DEFAULT_POLICY });
    const masked = maskResult(result).card;
    for (const row of rows) {
      const name = row.name as FieldName;
      expect(row).toEqual({ name, full: result.card[name], masked: masked[name] });
    }
  });
});

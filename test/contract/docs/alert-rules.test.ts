/** Prometheus' own tool tests the alert rules: each alert fires for its cause, and none fires without one. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { MONITORING, PROMTOOL_TIMEOUT_MS, promtool } from '../../support/promtool.ts';

it('each alert fires for its cause, and none fires without one', { timeout: PROMTOOL_TIMEOUT_MS }, async () => {
  expect(await promtool('check', 'rules', 'rules.yml')).toMatchObject({ status: 0 });
  const { status, output } = await promtool('test', 'rules', 'rules-test.yml');
  expect(status, output).toBe(0);
});

it('the check fails for a rule that does not fire for its cause', { timeout: PROMTOOL_TIMEOUT_MS }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-rules-'));
  try {
    cpSync(MONITORING, folder, { recursive: true });
    const rules = path.join(folder, 'rules.yml');
    writeFileSync(rules, readFileSync(rules, 'utf8').replace('cardseal_redis_up', 'cardseal_redis_gone'));
    const { status, output } = await promtool('test', 'rules', path.join(folder, 'rules-test.yml'));
    expect(status, output).toBe(1);
    expect(output).toContain('RedisDown');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** `cardseal webhook-check URL`: checks a consumer's endpoint; exit code 1 when a check fails. */
import { ConfigurationError, type Env } from '@cardseal/core/config';
import { checkConformance, type Fire, type Grade } from './conformance.ts';

const DEADLINE_MS = 15_000;

export async function webhookCheckCommand(env: Env, url: string, options: { json?: boolean }): Promise<void> {
  const secret = env.CARDSEAL_WEBHOOK_SECRET;
  if (!secret?.startsWith('whsec_')) {
    throw new ConfigurationError(['CARDSEAL_WEBHOOK_SECRET: set the test secret that the consumer knows (`whsec_…`)']);
  }
  const grades = await checkConformance(fireAt(url), secret);
  const failed = grades.filter(({ passed }) => !passed);
  if (options.json) process.stdout.write(`${JSON.stringify({ passed: failed.length === 0, grades })}\n`);
  else for (const grade of grades) process.stdout.write(line(grade));
  process.stderr.write(`${grades.length - failed.length} of ${grades.length} checks passed\n`);
  if (failed.length > 0) process.exitCode = 1;
}

function line({ check, passed, got, advice }: Grade): string {
  return `${passed ? 'pass' : 'FAIL'}  ${check.padEnd(18)} ${got}\n${passed ? '' : `      ${advice}\n`}`;
}

function fireAt(url: string): Fire {
  return async ({ id, timestampS, body, signature }) => {
    const startedMs = performance.now();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestampS),
      ...(signature === '' ? {} : { 'webhook-signature': signature }),
    };
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      await answer.body?.cancel();
      return { status: answer.status, latencyMs: performance.now() - startedMs };
    } catch {
      return { status: null, latencyMs: performance.now() - startedMs };
    }
  };
}

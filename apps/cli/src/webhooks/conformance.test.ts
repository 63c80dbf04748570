import { verifyWebhook } from '@cardseal/client';
import { describe, expect, it } from 'vitest';
import { checkConformance, type Fire, newSecret } from './conformance.ts';

const secret = newSecret();

/** A conforming consumer, with faults as options. */
function consumer(faults: { toleranceS?: number; parses?: boolean; once?: boolean } = {}): Fire {
  const seen = new Set<string>();
  return async ({ id, timestampS, body, signature }) => {
    const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampS), 'webhook-signature': signature };
    const { toleranceS = 300 } = faults;
    const answer = (status: number) => ({ status, latencyMs: 1 });
    try {
      verifyWebhook({
        body: faults.parses ? JSON.stringify(JSON.parse(body), null, 1) : body,
        headers,
        secret,
        toleranceS,
      });
    } catch {
      return answer(400);
    }
    if (faults.once && seen.has(id)) return answer(409);
    seen.add(id);
    return answer(204);
  };
}

const failures = async (fire: Fire) =>
  (await checkConformance(fire, secret)).filter(({ passed }) => !passed).map(({ check }) => check);

describe('the conformance kit', () => {
  it('passes a conforming consumer', async () => {
    expect(await failures(consumer())).toEqual([]);
  });

  it('detects common faults by name', async () => {
    expect(await failures(consumer({ toleranceS: 1e9 }))).toEqual(['stale', 'from the future']);
    expect(await failures(consumer({ once: true }))).toEqual(['duplicated', 'tried again later']);
    expect(await failures(consumer({ parses: true }))).toContain('valid');
    const trusting: Fire = async () => ({ status: 200, latencyMs: 1 });
    expect(await failures(trusting)).toEqual([
      'stale',
      'from the future',
      'tampered body',
      'tampered id',
      'foreign secret',
      'unsigned',
    ]);
    const silent: Fire = async () => ({ status: null, latencyMs: 15_000 });
    expect(await failures(silent)).toHaveLength(13);
  });
});

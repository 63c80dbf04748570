import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateSpecimens, type Specimen } from '../cards/index.ts';
import { startClient, type TestClient } from '../client-for-tests.ts';
import { createFaults, type FaultRule } from './faults.ts';

const [card, other] = (await Array.fromAsync(generateSpecimens({ count: 2, scenario: 'good' }))) as [
  Specimen,
  Specimen,
];
let client: TestClient;
beforeEach(async () => {
  client = await startClient();
});
afterEach(() => client.stop());

const inject = (...faults: object[]) => client.control({ faults });
const call = () => client.call(card.front, 'front');

describe('faults of the response', () => {
  it('error, token_expired and token_invalid return their code and revoke only that token', async () => {
    await inject({ kind: 'error', code: 282000, count: 1 }, { kind: 'error', code: 18, count: 1 });
    expect((await call()).json.error_code).toBe(282000);
    expect((await call()).json).toMatchObject({ error_code: 18, error_msg: expect.any(String) });
    await inject({ kind: 'token_expired', count: 1 });
    expect([(await call()).json.error_code, (await call()).json.error_code]).toEqual([111, 111]);
    expect(await client.stats()).toMatchObject({ calls: 4, failed: 3, rejected_qps: 1, accepted: 0 });
    await fetch(`${client.url}/__control`, { method: 'DELETE' });
    await client.control({ latency_ms: { p50: 0 }, faults: [{ kind: 'token_invalid', count: 1 }] });
    expect((await call()).json.error_code).toBe(110);
  });

  it('http, html and empty replace the response', async () => {
    await inject({ kind: 'http', status: 503, count: 1 }, { kind: 'html', count: 1 }, { kind: 'empty', count: 1 });
    expect((await call()).status).toBe(503);
    expect((await call()).text).toMatch(/^<html>/);
    expect((await call()).text).toBe('');
    expect((await call()).reply.image_status).toBe('normal');
    const stats = await client.stats();
    expect(stats).toMatchObject({ failed: 3, accepted: 1, duplicates_by_image: 0 });
    expect(stats.by_code).toEqual({ 0: 1, http_503: 1, html: 1, empty: 1 });
  });

  it('truncate cuts the JSON, garbage_cipher keeps its form', async () => {
    await inject({ kind: 'truncate', count: 1 }, { kind: 'garbage_cipher', count: 1 });
    const cut = await call();
    expect([cut.status, cut.json, cut.text.startsWith('{"log_id":')]).toEqual([200, undefined, true]);
    const garbage = await call();
    expect(garbage.json.result).toMatch(/^[A-Za-z0-9+/=]+$/);
    expect(garbage.reply).toBeUndefined();
  });

  it('swap_reply returns the reply of another call, which this key does not decrypt', async () => {
    const first = await client.call(other.front, 'front');
    await inject({ kind: 'swap_reply', count: 1 });
    const swapped = await call();
    expect(swapped.text).toBe(first.text);
    expect(swapped.reply).toBeUndefined();
  });

  it('slow_drip sends a whole response byte by byte', async () => {
    await inject({ kind: 'slow_drip', count: 1, interval_ms: 0 });
    expect((await call()).reply.image_status).toBe('normal');
    expect(await client.stats()).toMatchObject({ accepted: 1 });
  });

  it('reset closes the connection, hang never responds', async () => {
    await inject({ kind: 'reset', count: 1 }, { kind: 'hang', count: 1 });
    await expect(call()).rejects.toThrow();
    const hanging = expect(call()).rejects.toThrow();
    await spoiltCall('hang');
    await client.stop();
    await hanging;
  });

  async function spoiltCall(code: string): Promise<void> {
    for (;;) {
      if ((await client.stats()).by_code[code]) return;
    }
  }

  it('records a response that the client did not wait for as undelivered', async () => {
    await inject({ kind: 'slow_drip', interval_ms: 5 });
    const path = `/rest/2.0/ocr/v1/idcard?access_token=${client.token}`;
    await new Promise<void>((resolve) => {
      const sent = request(client.url + path, { method: 'POST' }, (response) => {
        response.once('data', () => sent.destroy());
        response.once('error', () => resolve());
      });
      sent.on('error', () => resolve());
      const image = encodeURIComponent(card.front.toString('base64'));
      sent.end(`id_card_side=front&image=${image}`);
    });
    for (;;) {
      const line = JSON.parse((await (await fetch(`${client.url}/__control/calls`)).text()).trim());
      if (line.outcome !== 'accepted') return expect(line).toMatchObject({ outcome: 'undelivered', code: 0 });
    }
  });
});

describe('rules', () => {
  const drawn = (faults: FaultRule[], calls: number, random = () => 0.5) => {
    const rules = createFaults(random);
    rules.set(faults);
    return Array.from({ length: calls }, (_, i) => rules.draw(i % 2 === 0 ? 'a' : 'b')?.kind);
  };

  it('apply by count, probability and credential, in order', () => {
    expect(drawn([{ kind: 'html', count: 2 }], 3)).toEqual(['html', 'html', undefined]);
    expect(
      drawn(
        [
          { kind: 'html', rate: 0.5 },
          { kind: 'empty', rate: 0.6 },
        ],
        1,
      ),
    ).toEqual(['empty']);
    expect(drawn([{ kind: 'reset', credential: 'b' }], 2)).toEqual([undefined, 'reset']);
    expect(drawn([{ kind: 'hang' }], 2)).toEqual(['hang', 'hang']);
  });

  it("do not change the caller's rule objects", () => {
    const rule = { kind: 'html', count: 1 } as const;
    drawn([rule], 2);
    expect(rule.count).toBe(1);
  });
});

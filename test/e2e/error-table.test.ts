/**
 * Every row of the provider's error table, by the real client against the emulator: what class it gets, whether an
 * attempt of the queue was spent, whether a call was repeated, and what the user sees. The expectations are written by
 * hand from the provider's facts, never taken from the table under test.
 */
import { createHash } from 'node:crypto';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { PROVIDER_ERRORS } from '@cardseal/providers/baidu';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Gates, gatesOf } from '../support/gates.ts';
import { type QueueWatch, watchRecognizeQueue } from '../support/queue-watch.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stamped } from '../support/vary-jpeg.ts';

const CALL_DEADLINE_MS = 1_500;
const RETRYABLE_MESSAGE = 'Recognition did not succeed. Try again later.';

type Fault = { kind: string; code?: number; status?: number; count?: number };
interface Row {
  fault: Fault;
  class: string;
  code: string;
  billed: 'yes' | 'no' | 'unknown';
}

const error = (code: number): Fault => ({ kind: 'error', code });
const row = (fault: Fault, upstreamClass: string, code: string, billed: Row['billed'] = 'no'): Row => ({
  fault,
  class: upstreamClass,
  code,
  billed,
});

/** "Please request again": a backoff, an attempt spent, the same card once more. */
const TRANSIENT: Row[] = [
  row(error(1), 'transient', 'upstream_unknown_error'),
  row(error(2), 'transient', 'upstream_unavailable'),
  row(error(282_000), 'transient', 'upstream_internal_error'),
  row(error(216_300), 'transient', 'upstream_internal_error'),
  row(error(216_400), 'transient', 'upstream_internal_error'),
  row(error(216_401), 'transient', 'upstream_internal_error'),
  row(error(336_000), 'transient', 'upstream_internal_error'),
  row(error(216_630), 'transient', 'upstream_recognition_error'),
  row(error(216_634), 'transient', 'upstream_recognition_error'),
  row(error(4), 'overload', 'upstream_overloaded'),
  row(error(987_654), 'unknown', 'upstream_unknown_code', 'unknown'),
  row({ kind: 'http', status: 429 }, 'transient', 'upstream_http_429'),
  row({ kind: 'http', status: 500 }, 'transient', 'upstream_http_5xx', 'unknown'),
  row({ kind: 'http', status: 503 }, 'transient', 'upstream_http_5xx', 'unknown'),
  row({ kind: 'http', status: 403 }, 'unknown', 'upstream_http_status', 'unknown'),
  row({ kind: 'html' }, 'transient', 'upstream_reply_not_json', 'unknown'),
  row({ kind: 'empty' }, 'transient', 'upstream_reply_empty', 'unknown'),
  row({ kind: 'truncate' }, 'transient', 'upstream_reply_not_json', 'unknown'),
  row({ kind: 'hang' }, 'transient', 'upstream_timeout', 'unknown'),
  row({ kind: 'slow_drip' }, 'transient', 'upstream_timeout', 'unknown'),
  row({ kind: 'reset' }, 'transient', 'upstream_connection', 'unknown'),
];

/** Repeated at once by the same run: no attempt is spent, and the job does not wait. */
const AT_ONCE: Row[] = [
  row(error(100), 'token', 'upstream_token_invalid'),
  row(error(110), 'token', 'upstream_token_invalid'),
  row(error(13), 'token', 'upstream_token_invalid'),
  row(error(111), 'token', 'upstream_token_expired'),
  row({ kind: 'token_invalid' }, 'token', 'upstream_token_invalid'),
  row({ kind: 'token_expired' }, 'token', 'upstream_token_expired'),
  row(error(216_201), 'maybe_crypto', 'image_format_refused'),
  row({ kind: 'garbage_cipher' }, 'crypto', 'upstream_reply_undecryptable', 'yes'),
  row({ kind: 'swap_reply' }, 'crypto', 'upstream_reply_undecryptable', 'yes'),
];

/** The gate closes; the attempt is not spent. */
const GATES: (Row & { reason: string })[] = [
  { ...row(error(17), 'daily_quota', 'upstream_daily_quota'), reason: 'daily_quota' },
  { ...row(error(19), 'total_quota', 'upstream_total_quota'), reason: 'total_quota' },
  { ...row(error(216_604), 'total_quota', 'upstream_total_quota'), reason: 'total_quota' },
  { ...row(error(3), 'configuration', 'upstream_rights_missing'), reason: 'configuration' },
  { ...row(error(6), 'configuration', 'upstream_rights_missing'), reason: 'configuration' },
  { ...row(error(216_015), 'configuration', 'upstream_rights_missing'), reason: 'configuration' },
  { ...row(error(216_102), 'configuration', 'upstream_rights_missing'), reason: 'configuration' },
  { ...row(error(14), 'configuration', 'upstream_account_invalid'), reason: 'configuration' },
  { ...row(error(15), 'configuration', 'upstream_account_invalid'), reason: 'configuration' },
  { ...row(error(216_110), 'configuration', 'upstream_account_invalid'), reason: 'configuration' },
];

/** Our request is wrong: the job fails at once, with nothing that the user could do but try later. */
const DEFECTS = [216_100, 216_101, 216_103, 216_111, 282_003, 283_300, 336_001];

const TOO_LARGE = ['image_too_large', 'The image is too large. Please send a smaller one.'] as const;
const UNREADABLE = ['image_unreadable', 'The image cannot be read. Please take a new one.'] as const;
const NO_CARD = ['card_not_found', 'No ID card was found. Please show the whole card, flat and sharp.'] as const;
/** The image is at fault: the job fails with a sentence for the person who took it. */
const REJECTED: [Fault, code: string, message: string][] = [
  [error(216_200), 'image_blank', 'The image is empty. Please send it again.'],
  [error(216_202), 'image_size_refused', 'The image is too small or too large in pixels. Please take a new one.'],
  [error(216_203), ...TOO_LARGE],
  [error(216_205), ...TOO_LARGE],
  [error(216_633), ...NO_CARD],
  [error(282_100), ...UNREADABLE],
  [error(282_101), 'image_proportions_refused', 'The image is too long and narrow. Please show the card alone.'],
  [error(282_102), ...NO_CARD],
  [error(282_103), ...UNREADABLE],
  [error(282_810), ...UNREADABLE],
  [{ kind: 'http', status: 413 }, ...TOO_LARGE],
];

/** As the emulator's journal names what it did; a drip is an accepted call whose response did not arrive. */
const journalName = ({ kind, code, status }: Fault): string =>
  kind === 'error' ? String(code) : kind === 'http' ? `http_${status}` : kind === 'slow_drip' ? '0' : kind;
const title = ({ kind, code, status }: Fault) => [kind, code ?? status].filter((part) => part !== undefined).join(' ');

/** Troubles in a row that do not open the circuit breaker yet. */
const FEWER_THAN_AN_OUTAGE = 4;

interface Journaled {
  image_sha256: string | null;
  outcome: string;
  code: number | string;
}

describe('every row of the error table', () => {
  let app: TestStack;
  let queue: QueueWatch;
  let gates: Gates;
  let front: Buffer;
  let stamps = 0;
  beforeAll(async () => {
    app = await startTestStack({ baiduQps: 200, env: { UPSTREAM_DEADLINE_MS: String(CALL_DEADLINE_MS) } });
    [queue, gates] = [await watchRecognizeQueue(app.stack.info.redisUrl), gatesOf(app.stack.info)];
    for await (const one of generateSpecimens({ count: 1, seed: 31, scenario: 'good', scale: 0.5 })) front = one.front;
    await quick();
  });
  afterAll(async () => {
    gates?.stop();
    await queue?.stop();
    await app?.stop();
  });
  afterEach(() => quick());

  async function quick(faults: Fault[] = []): Promise<void> {
    await app.control('PUT', { latency_ms: { p50: 2, p99: 5 }, faults });
  }

  async function submit(): Promise<{ id: string; sha256: string }> {
    const image = stamped(front, stamps++);
    const { id } = await app.submit({ front: image });
    return { id, sha256: createHash('sha256').update(image).digest('hex') };
  }

  /** The calls that the emulator got for an image, oldest first. */
  async function callsFor(sha256: string): Promise<Journaled[]> {
    const lines = await (await fetch(`${app.stack.info.emulatorUrl}/__control/calls`)).text();
    const records = lines.split('\n').filter((line) => line !== '');
    return records.map((line) => JSON.parse(line) as Journaled).filter((call) => call.image_sha256 === sha256);
  }

  /** Waits until the job, unfinished as it is, looks so. */
  async function seen(job: string, like: object): Promise<void> {
    const look = async () => (await app.call('GET', `/v1/jobs/${job}`)).body;
    await expect.poll(look, { timeout: 10_000, interval: 25 }).toMatchObject(like);
  }

  const attempt = ({ class: upstreamClass, code, billed }: Omit<Row, 'fault'>) => ({
    side: 'front',
    class: upstreamClass,
    code,
    billed,
  });
  const ACCEPTED = { side: 'front', class: 'accepted', code: null, billed: 'yes' };

  it('no code of the table is left out', () => {
    const faults = [...TRANSIENT, ...AT_ONCE, ...GATES]
      .map(({ fault }) => fault)
      .concat(REJECTED.map(([fault]) => fault));
    const tried = new Set([18, ...DEFECTS, ...faults.flatMap(({ code }) => code ?? [])]);
    expect(Object.keys(PROVIDER_ERRORS).filter((code) => !tried.has(Number(code)))).toEqual([]);
  });

  it('errors that pass: each costs an attempt and a backoff, and the job succeeds', async () => {
    const byName = new Map(TRANSIENT.map((one) => [journalName(one.fault), one]));
    const seen = new Set<string>();
    for (let from = 0; from < TRANSIENT.length; from += FEWER_THAN_AN_OUTAGE) {
      await expectToPass(TRANSIENT.slice(from, from + FEWER_THAN_AN_OUTAGE), byName, seen);
    }
    expect([...seen].sort()).toEqual([...byName.keys()].sort());
  });

  async function expectToPass(
    rows: readonly Row[],
    byName: ReadonlyMap<string, Row>,
    seen: Set<string>,
  ): Promise<void> {
    await quick(rows.map(({ fault }) => ({ ...fault, count: 1 })));
    const jobs = await Promise.all(rows.map(submit));
    for (const { id, sha256 } of jobs) {
      const job = await app.finished(id);
      // The emulator chooses the job of a fault; one job may get two faults.
      const struck = (await callsFor(sha256))
        .filter(({ outcome }) => outcome !== 'accepted')
        .map(({ code }) => `${code}`);
      const expected = struck.map((name) => attempt(byName.get(name)!));
      expect(job, struck.join()).toMatchObject({ state: 'succeeded', attempts: [...expected, ACCEPTED] });
      expect(job.failure).toBeUndefined();
      expect(queue.attemptsWhileWaiting(id), struck.join()).toBe(struck.length);
      for (const name of struck) seen.add(name);
    }
  }

  it.each(AT_ONCE.map((one) => [title(one.fault), one] as const))('%s: repeated at once', async (_, one) => {
    await quick([{ ...one.fault, count: 1 }]);
    const before = (await app.stats()).token_requests!;
    const { id, sha256 } = await submit();
    const job = await app.finished(id);
    expect(job).toMatchObject({ state: 'succeeded', attempts: [attempt(one), ACCEPTED] });
    expect(await callsFor(sha256)).toHaveLength(2);
    expect(queue.attemptsWhileWaiting(id)).toBe(0);
    expect((await app.stats()).token_requests! - before).toBe(one.class === 'token' ? 1 : 0);
  });

  it.each(REJECTED.map((one) => [title(one[0]), ...one] as const))(
    '%s: the user learns what is wrong with the image',
    async (_, fault, code, message) => {
      await quick([{ ...fault, count: 1 }]);
      const { id, sha256 } = await submit();
      const job = await app.finished(id);
      expect(job).toMatchObject({
        state: 'failed',
        failure: { code, message, side: 'front', retryable: false },
        attempts: [attempt({ class: 'rejected', code, billed: 'no' })],
        sides: { front: { state: 'failed' } },
      });
      expect(job.attempts).toHaveLength(1);
      expect(await callsFor(sha256)).toHaveLength(1);
      expect(queue.attemptsWhileWaiting(id)).toBe(0);
    },
  );

  it('216201 twice is the image, not the key: rejected after one repeat', async () => {
    await quick([{ ...error(216_201), count: 2 }]);
    const { id, sha256 } = await submit();
    const refused = attempt({ class: 'maybe_crypto', code: 'image_format_refused', billed: 'no' });
    const message = 'The image is not a JPEG, PNG or BMP that can be read.';
    expect(await app.finished(id)).toMatchObject({
      state: 'failed',
      failure: { code: 'image_format_refused', message, side: 'front', retryable: false },
      attempts: [refused, refused],
    });
    expect(await callsFor(sha256)).toHaveLength(2);
  });

  it.each(DEFECTS)('error %i: our request is wrong, so the job fails without a second call', async (code) => {
    await quick([{ ...error(code), count: 1 }]);
    const { id, sha256 } = await submit();
    const job = await app.finished(id);
    expect(job).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_request_invalid', message: RETRYABLE_MESSAGE, side: 'front', retryable: true },
      attempts: [attempt({ class: 'defect', code: 'upstream_request_invalid', billed: 'no' })],
    });
    expect(await callsFor(sha256)).toHaveLength(1);
    expect(await queue.attemptsOfFailed(id)).toBe(1);
  });

  it('a response that never opens: a fresh key at once and after two pauses, then a defect; all were billed', async () => {
    await quick([{ kind: 'garbage_cipher', count: 4 }]);
    const { id, sha256 } = await submit();
    const job = await app.finished(id);
    const spoilt = attempt({ class: 'crypto', code: 'upstream_reply_undecryptable', billed: 'yes' });
    expect(job).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_crypto_defect', message: RETRYABLE_MESSAGE, retryable: true },
      attempts: [spoilt, spoilt, spoilt, spoilt],
    });
    expect(await callsFor(sha256)).toHaveLength(4);
    expect(queue.attemptsWhileWaiting(id)).toBe(2);
  });

  it('a token that is refused twice in a row is an error that passes', async () => {
    await quick([{ ...error(110), count: 2 }]);
    const { id } = await submit();
    const refused = attempt({ class: 'token', code: 'upstream_token_invalid', billed: 'no' });
    expect(await app.finished(id)).toMatchObject({ state: 'succeeded', attempts: [refused, refused, ACCEPTED] });
    expect(queue.attemptsWhileWaiting(id)).toBe(1);
  });

  it.each(GATES.map((one) => [title(one.fault), one] as const))(
    '%s: the gate closes until someone opens it',
    async (_, one) => {
      await quick([{ ...one.fault, count: 1 }]);
      const struck = await submit();
      const waiting = { state: 'queued', waiting_for: 'quota', finished_at: null };
      const refused = attempt(one);
      await seen(struck.id, { ...waiting, attempts: [refused] });
      const behind = await submit();
      await seen(behind.id, { ...waiting, attempts: [] });
      expect(await gates.gate()).toMatchObject({ state: 'closed', reason: one.reason });
      expect(await callsFor(behind.sha256)).toHaveLength(0);

      await gates.open();
      expect(await app.finished(struck.id)).toMatchObject({ state: 'succeeded', attempts: [refused, ACCEPTED] });
      expect(await app.finished(behind.id)).toMatchObject({ state: 'succeeded', attempts: [ACCEPTED] });
      expect(await callsFor(struck.sha256)).toHaveLength(2);
      expect(await callsFor(behind.sha256)).toHaveLength(1);
      for (const { id } of [struck, behind]) expect(queue.attemptsWhileWaiting(id)).toBe(0);
    },
  );

  it('an error that does not pass: five attempts, then a failure that says to try later', async () => {
    await quick([{ ...error(282_000), count: 5 }]);
    const { id, sha256 } = await submit();
    const job = await app.finished(id);
    expect(job).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_internal_error', message: RETRYABLE_MESSAGE, side: 'front', retryable: true },
    });
    expect(job.attempts).toHaveLength(5);
    expect(await callsFor(sha256)).toHaveLength(5);
    expect(await queue.attemptsOfFailed(id)).toBe(5);
  });

  it('error 18: waited out without an attempt, and everyone slows down', async () => {
    await quick([{ ...error(18), count: 1 }]);
    const { id, sha256 } = await submit();
    const refused = attempt({ class: 'qps', code: 'upstream_qps_limit', billed: 'no' });
    expect(await app.finished(id)).toMatchObject({ state: 'succeeded', attempts: [refused, ACCEPTED] });
    expect(await callsFor(sha256)).toHaveLength(2);
    expect(queue.attemptsWhileWaiting(id)).toBe(0);
    expect(await gates.gate()).toMatchObject({ state: 'open' });
  });
});

/**
 * Invariants for arbitrary bytes: the reader returns a reading or throws the declared error, and a reading keeps the
 * promises of its types up to the result.
 */
import assert from 'node:assert/strict';
import { TransientError } from '@cardseal/base/errors';
import { buildResult, DEFAULT_POLICY, isRealDate, maskResult, type SideReading, VERDICTS } from '@cardseal/idcard/card';
import { isWellFormedReply, MAX_CROP_BYTES, readReply } from '@cardseal/providers/baidu/reading';

const WORD = /^(?:other:[a-z0-9_-]{1,40}|[a-z0-9_]{1,40})$/;

function assertWord(word: string | undefined): void {
  if (word !== undefined) assert.match(word, WORD);
}

function assertReading(reading: SideReading): void {
  for (const word of [
    reading.image_status,
    reading.direction,
    reading.number_check,
    reading.risk?.type,
    reading.card.sex,
  ]) {
    assertWord(word);
  }
  for (const { text, box } of Object.values(reading.fields)) {
    assert.ok(text.length >= 1 && text.length <= 256 && text.isWellFormed());
    if (box) assert.ok(Object.values(box).every(Number.isFinite));
  }
  for (const date of [reading.card.birth_date, reading.card.valid_from, reading.card.valid_until]) {
    if (date !== undefined) assert.ok(isRealDate(date));
  }
  if (reading.log_id !== undefined) assert.match(reading.log_id, /^\d{1,32}$/);
  for (const crop of [reading.portrait, reading.crop]) {
    if (crop) assert.ok(crop.bytes || crop.box);
    if (crop?.bytes) assert.ok(crop.bytes.length > 0 && crop.bytes.length <= MAX_CROP_BYTES);
  }
  for (const aspect of Object.values(reading.quality ?? {})) {
    if (aspect.probability !== undefined) assert.ok(aspect.probability >= 0 && aspect.probability <= 1);
  }
  assert.equal(reading.shownSide === null, Object.keys(reading.fields).length === 0);
}

function assertResult(reading: SideReading): string[] {
  const result = buildResult([reading], { today: '2025-06-01', policy: DEFAULT_POLICY });
  assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
  assert.ok(VERDICTS.includes(result.verdict));
  const masked = maskResult(result);
  if (result.card.address !== undefined) assert.equal(masked.card.address, '***');
  if (result.card.id_number !== undefined) assert.match(masked.card.id_number!, /^\*{3}$|^\*{16}..$/su);
  return result.checks.map(({ code, outcome }) => `${code}:${outcome}`);
}

/** The behaviours that an input triggers. An input with a new behaviour is worth keeping. */
function traits(reading: SideReading): string[] {
  const { portrait, crop, log_id, direction, risk, quality, number_check } = reading;
  const optional = { portrait, crop, log_id, ...quality };
  const present = Object.entries(optional).filter(([, value]) => value !== undefined);
  const boxed = Object.values(reading.fields).some(({ box }) => box) ? 'box' : 'no box';
  const words = [reading.image_status, direction, risk?.type, number_check].map((word) => word?.replace(/:.*/, ''));
  return [
    ...present.map(([name]) => name),
    ...Object.keys(reading.card),
    ...words.map((word, i) => `${i}:${word}`),
    `shows:${reading.shownSide}`,
    boxed,
  ];
}

/** Throws when an invariant is violated; returns the behaviours of the input. */
export function examine(input: Uint8Array): string[] {
  const wellFormed = isWellFormedReply(input);
  let reading: SideReading;
  try {
    reading = readReply(input, { declaredSide: 'front', provider: 'fuzz' });
  } catch (error) {
    assert.ok(error instanceof TransientError, 'undeclared error');
    assert.equal(error.code, 'upstream_reply_unreadable');
    assert.equal(wellFormed, false);
    return [`refused:${error.fields.reason}`];
  }
  assert.equal(wellFormed, true);
  assertReading(reading);
  return [...traits(reading), ...assertResult(reading)];
}

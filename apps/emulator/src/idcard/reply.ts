// Builds the provider's reply for a reading, before it is encrypted.
// Shapes and spellings are the provider's, including its spelling mistakes.
import { specimenFont } from '../cards/font.ts';
import { backRuns, CARD_BOX, fieldBoxes, frontRuns, PORTRAIT_BOX } from '../cards/layout.ts';
import type { Mark } from '../cards/mark.ts';
import { cropPicture } from './crop.ts';
import { numberType } from './number-type.ts';
import { mapBox, type Placement } from './placement.ts';
import type { Reading } from './read-picture.ts';

export type Side = 'front' | 'back';
/** The options of the request. */
export interface Wishes {
  side: Side;
  risk: boolean;
  quality: boolean;
  photo: boolean;
  card: boolean;
}

const READABLE = new Set(['normal', 'reversed_side']);

/** The reply object without `log_id`. */
export async function replyOf(reading: Reading, picture: Buffer, wishes: Wishes): Promise<Record<string, unknown>> {
  const { card } = reading;
  if (!card) return unreadable('non_idcard', -1);
  const { mark, placement } = card;
  const status = statusOf(mark, wishes.side);
  if (!READABLE.has(status)) return unreadable(status, placement.direction);
  const words = wordsOf(mark, placement, reading);
  return {
    words_result: words,
    words_result_num: Object.keys(words).length,
    idcard_number_type: mark.side === 'front' ? numberType(mark) : -1,
    image_status: status,
    direction: placement.direction,
    ...(wishes.risk ? riskOf(mark) : {}),
    ...(wishes.quality ? { card_quality: QUALITY } : {}),
    ...(wishes.photo && mark.side === 'front' ? await photoOf(reading, placement, picture) : {}),
    ...(wishes.card ? await cardOf(reading, placement, picture) : {}),
  };
}

/** The provider's spelling of "probability". */
const QUALITY = {
  IsClear: 1,
  IsClear_propobility: 0.962,
  IsComplete: 1,
  IsComplete_propobility: 0.991,
  IsNoCover: 1,
  IsNoCover_propobility: 0.874,
};

function unreadable(status: string, direction: number): Record<string, unknown> {
  return { words_result: {}, words_result_num: 0, idcard_number_type: -1, image_status: status, direction };
}

function statusOf(mark: Mark, declared: Side): string {
  const condition = mark.side === 'front' ? mark.imageStatus : 'normal';
  if (condition !== 'normal') return condition;
  return mark.side === declared ? 'normal' : 'reversed_side';
}

function wordsOf(mark: Mark, placement: Placement, reading: Reading): Record<string, unknown> {
  const runs = mark.side === 'front' ? frontRuns(mark) : backRuns(mark);
  const boxes = fieldBoxes(runs, specimenFont());
  const words = Object.entries(textOf(mark)).filter(([, text]) => text !== '');
  return Object.fromEntries(
    words.map(([name, text]) => {
      const { left, top, width, height } = mapBox(
        boxes.get(name) ?? CARD_BOX,
        placement,
        reading.width,
        reading.height,
      );
      return [name, { location: { top, left, width, height }, words: text }];
    }),
  );
}

function textOf(mark: Mark): Record<string, string> {
  if (mark.side === 'back') return { 失效日期: mark.until, 签发机关: mark.authority, 签发日期: mark.from };
  return {
    住址: mark.address,
    出生: mark.birth,
    姓名: mark.name,
    公民身份号码: numberType(mark) === 0 ? '' : mark.number,
    性别: mark.sex,
    民族: mark.ethnicity,
  };
}

function riskOf(mark: Mark): Record<string, unknown> {
  if (mark.side === 'back') return { risk_type: 'normal' };
  return { risk_type: mark.riskType, ...(mark.editTool === '' ? {} : { edit_tool: mark.editTool }) };
}

async function photoOf(reading: Reading, placement: Placement, picture: Buffer): Promise<Record<string, unknown>> {
  const location = mapBox(PORTRAIT_BOX, placement, reading.width, reading.height);
  return { photo: await cropPicture(picture, location, placement.direction), photo_location: location };
}

async function cardOf(reading: Reading, placement: Placement, picture: Buffer): Promise<Record<string, unknown>> {
  const location = mapBox(CARD_BOX, placement, reading.width, reading.height);
  return { card_image: await cropPicture(picture, location, placement.direction), card_location: location };
}

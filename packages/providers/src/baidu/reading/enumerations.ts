/**
 * The provider's enumerations in stable English words. All are open sets: an unknown value becomes `other:<value>` and
 * never makes a paid reply unreadable.
 */
import { type Direction, type ImageStatus, type NumberCheck, other, type RiskType } from '@cardseal/idcard/card';
import type { JsonObject } from './parse.ts';
import { readNumber, readText } from './words.ts';

const IMAGE_STATUS: readonly ImageStatus[] = [
  'normal',
  'reversed_side',
  'non_idcard',
  'blurred',
  'other_type_card',
  'over_exposure',
  'over_dark',
  'unknown',
];
const RISK_TYPES: readonly RiskType[] = ['normal', 'copy', 'temporary', 'screen', 'screenshot', 'unknown'];

const DIRECTIONS = new Map<number, Direction>([
  [-1, 'unknown'],
  [0, 'upright'],
  [1, 'rotated_90'],
  [2, 'rotated_180'],
  [3, 'rotated_270'],
]);

const NUMBER_CHECKS = new Map<number, NumberCheck>([
  [-1, 'fields_empty'],
  [0, 'number_illegal'],
  [1, 'consistent'],
  [2, 'sex_and_birth_date_differ'],
  [3, 'birth_date_differs'],
  [4, 'sex_differs'],
]);

const MAX_VALUE_CHARACTERS = 64;

function readWord<T extends string>(value: unknown, known: readonly T[]): T | `other:${string}` | undefined {
  const text = readText(value, MAX_VALUE_CHARACTERS);
  if (text === undefined) return undefined;
  return known.find((word) => word === text.toLowerCase()) ?? other(text);
}

function readCode<T extends string>(value: unknown, known: ReadonlyMap<number, T>): T | `other:${string}` | undefined {
  const text = readText(value, MAX_VALUE_CHARACTERS);
  if (text === undefined) return undefined;
  const number = readNumber(text);
  return (number === undefined ? undefined : known.get(number)) ?? other(text);
}

/** A reply that does not describe the image gets the provider's own word for that. */
export function readImageStatus(reply: JsonObject): ImageStatus {
  return readWord(reply.image_status, IMAGE_STATUS) ?? 'unknown';
}

export function readRiskType(reply: JsonObject): RiskType | undefined {
  return readWord(reply.risk_type, RISK_TYPES);
}

export function readDirection(reply: JsonObject): Direction | undefined {
  return readCode(reply.direction, DIRECTIONS);
}

/** A number or a string on the wire. */
export function readNumberCheck(reply: JsonObject): NumberCheck | undefined {
  return readCode(reply.idcard_number_type, NUMBER_CHECKS);
}

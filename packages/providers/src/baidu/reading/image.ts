/** Reads the parts of a reply about the image: risk, quality, and the requested crops. */
import type { Crop, Quality, QualityAspect, Risk } from '@cardseal/idcard/card';
import { readRiskType } from './enumerations.ts';
import { isObject, type JsonObject } from './parse.ts';
import { readBox, readNumber, readText } from './words.ts';

const MAX_TOOL_CHARACTERS = 100;
export const MAX_CROP_BYTES = 4 * 1024 * 1024;
/**
 * Found by a search and not by one full match: a match of megabytes would need a backtracking stack of the same size.
 */
const NOT_BASE64 = /[^A-Za-z0-9+/=]/;

/** An editing tool without a risk type still counts; the type is then `unknown`. */
export function readRisk(reply: JsonObject): Risk | undefined {
  const type = readRiskType(reply);
  const edit_tool = readText(reply.edit_tool, MAX_TOOL_CHARACTERS);
  if (edit_tool !== undefined) return { type: type ?? 'unknown', edit_tool };
  return type === undefined ? undefined : { type };
}

function readAspect(flag: unknown, probability: unknown): QualityAspect | undefined {
  const ok = readNumber(flag);
  const sure = readNumber(probability);
  const aspect = {
    ...(ok === 0 || ok === 1 ? { ok: ok === 1 } : {}),
    ...(sure !== undefined && sure >= 0 && sure <= 1 ? { probability: sure } : {}),
  };
  return Object.keys(aspect).length > 0 ? aspect : undefined;
}

/** The provider spells it `propobility`. */
export function readQuality(reply: JsonObject): Quality | undefined {
  const given = reply.card_quality;
  if (!isObject(given)) return undefined;
  const clear = readAspect(given.IsClear, given.IsClear_propobility);
  const complete = readAspect(given.IsComplete, given.IsComplete_propobility);
  const uncovered = readAspect(given.IsNoCover, given.IsNoCover_propobility);
  if (!clear && !complete && !uncovered) return undefined;
  return { ...(clear && { clear }), ...(complete && { complete }), ...(uncovered && { uncovered }) };
}

/**
 * Crops that are not base64 or too large are dropped, and the position stays: they must not make the card unreadable.
 */
export function readCrop(base64: unknown, location: unknown): Crop | undefined {
  const bytes = readBytes(base64);
  const box = readBox(location);
  if (!bytes && !box) return undefined;
  return { ...(bytes && { bytes }), ...(box && { box }) };
}

function readBytes(base64: unknown): Buffer | undefined {
  if (typeof base64 !== 'string' || base64.length > Math.ceil(MAX_CROP_BYTES / 3) * 4) return undefined;
  if (NOT_BASE64.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === 0 ? undefined : bytes;
}

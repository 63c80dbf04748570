// The machine-readable mark of a specimen. It uses as few bytes as possible, so that its modules stay large in a small image.
// The generator writes it, and the emulator reads it from the pixels. It is test data and must never be trusted otherwise.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { BackText, FrontText } from './people.ts';
import type { FrontCondition } from './scenarios.ts';
import { MARK_DICTIONARY } from './words.ts';

/** The content of a mark: the text and condition of its side. */
export type Mark = ({ side: 'front' } & FrontText & FrontCondition) | ({ side: 'back' } & BackText);

const MAGIC = 'CS1';
const MAX_TEXT_BYTES = 4096;

export function encodeMark(mark: Mark): Uint8Array {
  const lines =
    mark.side === 'front'
      ? [mark.side, mark.imageStatus, mark.riskType, mark.editTool]
          .concat([mark.name, mark.sex, mark.ethnicity, mark.birth])
          .concat([mark.address, mark.number])
      : [mark.side, mark.authority, mark.from, mark.until];
  return deflateRawSync([MAGIC, ...lines].join('\n'), { level: 9, dictionary: MARK_DICTIONARY });
}

/** The mark in these bytes; undefined if they come from another symbol. */
export function decodeMark(bytes: Uint8Array): Mark | undefined {
  const [magic, side, ...rest] = inflate(bytes).split('\n');
  if (magic !== MAGIC) return undefined;
  if (side === 'back') {
    const [authority, from, until] = rest;
    if (authority === undefined || from === undefined || until === undefined) return undefined;
    return { side, authority, from, until };
  }
  const [imageStatus, riskType, editTool, name, sex, ethnicity, birth, address, number] = rest;
  if (imageStatus === undefined || riskType === undefined || editTool === undefined || name === undefined)
    return undefined;
  if ((sex !== '男' && sex !== '女') || ethnicity === undefined) return undefined;
  if (birth === undefined || address === undefined || number === undefined) return undefined;
  return { side: 'front', imageStatus, riskType, editTool, name, sex, ethnicity, birth, address, number };
}

function inflate(bytes: Uint8Array): string {
  try {
    return inflateRawSync(bytes, { dictionary: MARK_DICTIONARY, maxOutputLength: MAX_TEXT_BYTES }).toString('utf8');
  } catch {
    return '';
  }
}

// Byte ranges of a read: one range only, as S3 serves them; several at once, or nonsense, mean the whole object.
import { S3Error } from './s3-error.ts';

export type Range = { start: number; endExclusive: number };

/** @throws S3Error InvalidRange (416) when nothing of the object lies in the range. */
export function rangeOf(header: string | undefined, sizeBytes: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [first, last] = [match[1] as string, match[2] as string];
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (start >= sizeBytes || (first === '' && Number(last) === 0)) {
    throw new S3Error('InvalidRange', undefined, { RangeRequested: header ?? '', ActualObjectSize: String(sizeBytes) });
  }
  return { start, endExclusive: end };
}

export function contentRange({ start, endExclusive }: Range, sizeBytes: number): Record<string, string> {
  return { 'content-range': `bytes ${start}-${endExclusive - 1}/${sizeBytes}` };
}

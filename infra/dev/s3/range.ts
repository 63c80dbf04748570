// Byte ranges of a read. As in S3, only a single range counts; several ranges or an invalid one mean the whole object.
import { S3Error } from './s3-error.ts';

export type Range = { start: number; endExclusive: number };

/** @throws S3Error InvalidRange (416) if the range contains no byte of the object. */
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

/** Adds missing and unreadable objects to the report, so that the doctor continues with the rest. */
import { asCardsealError } from '@cardseal/base/errors';
import type { DoctorReport } from './report.ts';

/** Items examined in parallel. Each costs some requests to the store. */
const AT_ONCE = 16;

/** Runs `work` for every item, one chunk at a time, so that memory use stays constant. */
export async function chunked<T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  let chunk: T[] = [];
  const run = async () => {
    await Promise.all(chunk.map(work));
    chunk = [];
  };
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length === AT_ONCE) await run();
  }
  await run();
}

/**
 * Notes the item as unreadable when `work` throws a defect, or needs a record that the store lists and does not have.
 * Any other error ends the run.
 */
export async function noteDefect(report: DoctorReport, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, disposition } = asCardsealError(error);
    if (disposition !== 'defect' && code !== 'store_record_missing') throw error;
    if (!report.unreadable.includes(id)) report.unreadable.push(id);
  }
}

/** @param name of the object in the store, or of the folder of a record's versions. */
export function noteMissing(report: DoctorReport, name: string): void {
  if (!report.missing_records.includes(name)) report.missing_records.push(name);
}

/** How the examination notes what is missing or does not open, and goes on with the rest. */
import { asCardsealError } from '@cardseal/base/errors';
import type { Findings } from './examination.ts';

/** Items that are examined at once: each costs some requests to the store. */
const AT_ONCE = 16;

/** Runs `work` for every item, a chunk at a time, so that memory stays flat. */
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
 * Anything else ends the examination.
 */
export async function noteDefect(findings: Findings, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, disposition } = asCardsealError(error);
    if (disposition !== 'defect' && code !== 'store_record_missing') throw error;
    if (!findings.unreadable.includes(id)) findings.unreadable.push(id);
  }
}

/** @param name of the object in the store, or of the folder of a record's versions. */
export function noteMissing(findings: Findings, name: string): void {
  if (!findings.missing_records.includes(name)) findings.missing_records.push(name);
}

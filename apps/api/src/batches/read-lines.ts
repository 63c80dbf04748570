/** The lines of a body as it streams in, none longer than the limit, never more than one of them held. */
import type { Readable } from 'node:stream';
import { Problem } from '../problems/index.ts';

export const MAX_LINES = 10_000;
export const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
/** A byte-order mark, read byte by byte. */
const UTF8_MARK = '\u00ef\u00bb\u00bf';

/** Lines with their numbers, from 1; blank ones are left out but counted. Throws Problem `batch_too_large`. */
export async function* readLines(body: Readable): AsyncGenerator<{ line: number; bytes: Buffer }> {
  let line = 0;
  for await (const bytes of split(body)) {
    line++;
    if (isBlank(bytes)) continue;
    if (line > MAX_LINES) throw new Problem('batch_too_large');
    yield { line, bytes };
  }
}

/** Bytes, not text: a line that is not UTF-8 is refused alone, by whoever decodes it. */
function isBlank(bytes: Buffer): boolean {
  return bytes.length < 64 * 1024 && bytes.toString('latin1').trim().replace(UTF8_MARK, '') === '';
}

async function* split(body: Readable): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...held, part.subarray(from, at)]);
      held = [];
      heldBytes = 0;
      from = at + 1;
    }
    // Copied, so that a short rest does not keep its whole part alive.
    if (from < part.length) held.push(Buffer.from(part.subarray(from)));
    heldBytes += part.length - from;
    if (heldBytes > MAX_LINE_BYTES) throw new Problem('batch_too_large');
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

/**
 * The lines of a body while it streams in. Only one line is held at a time. The reader discards the rest of a line over
 * the limit as it arrives, so that the line costs no memory and affects no other line.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Problem } from '../../http/problems/index.ts';

export const MAX_LINES = 10_000;
export const MAX_LINE_BYTES = 1024 * 1024;
const MAX_PIECES = 1024;
const NEWLINE = 0x0a;
/** A byte-order mark, read byte by byte. */
const UTF8_MARK = '\u00ef\u00bb\u00bf';

/** A line over the limit is known by its digest alone. */
export type Line = { bytes: Buffer } | { bytes: null; digest: string };

/**
 * Lines with their numbers, from 1; blank ones are left out but counted. Throws Problem `batch_too_large` for too many
 * lines.
 */
export async function* readLines(body: Readable): AsyncGenerator<Line & { line: number }> {
  let line = 0;
  for await (const one of split(body)) {
    line++;
    if (one.bytes !== null && isBlank(one.bytes)) continue;
    if (line > MAX_LINES) throw new Problem('batch_too_large');
    yield { line, ...one };
  }
}

/** Bytes, not text: the code that decodes a line refuses only this line when it is not UTF-8. */
function isBlank(bytes: Buffer): boolean {
  return bytes.length < 64 * 1024 && bytes.toString('latin1').trim().replace(UTF8_MARK, '') === '';
}

async function* split(body: Readable): AsyncGenerator<Line> {
  let line = openLine();
  for await (const part of body as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, from)) {
      line.add(part.subarray(from, at));
      yield line.close();
      line = openLine();
      from = at + 1;
    }
    // Copied, so that a short rest does not keep its whole part alive.
    if (from < part.length) line.add(Buffer.from(part.subarray(from)));
  }
  if (!line.isEmpty()) yield line.close();
}

function openLine() {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let overlong: Hash | null = null;
  return {
    isEmpty: () => heldBytes === 0,
    add(bytes: Buffer) {
      heldBytes += bytes.length;
      if (heldBytes <= MAX_LINE_BYTES) {
        held.push(bytes);
        // Each piece takes memory in addition to its bytes, and a client may send one byte at a time.
        if (held.length === MAX_PIECES) held = [Buffer.concat(held)];
        return;
      }
      overlong ??= createHash('sha256');
      for (const part of [...held, bytes]) overlong.update(part);
      held = [];
    },
    close: (): Line => (overlong ? { bytes: null, digest: overlong.digest('hex') } : { bytes: Buffer.concat(held) }),
  };
}

/** Decodes a chunked HTTP body piece by piece. It keeps at most one line of framing in memory. Pure. */

export interface ChunkedBody {
  /** Decodes the next bytes; `data` receives the content. Returns the number of bytes used. */
  push(bytes: Buffer, data: (content: Buffer) => void): number;
  readonly state: 'open' | 'complete' | 'broken';
}

/** Longer lines of framing have no use; a size with extensions is far shorter. */
const MAX_LINE_BYTES = 4096;
const SIZE_LINE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;
const LF = 0x0a;

export function createChunkedBody(): ChunkedBody {
  let state: ChunkedBody['state'] = 'open';
  let expects: 'size' | 'data' | 'data_end' | 'trailer' = 'size';
  let leftInChunk = 0;
  let line = '';

  function takeLine(text: string): void {
    if (expects === 'size') {
      const size = SIZE_LINE.exec(text)?.[1];
      if (size === undefined) state = 'broken';
      else if (Number.parseInt(size, 16) === 0) expects = 'trailer';
      else [leftInChunk, expects] = [Number.parseInt(size, 16), 'data'];
    } else if (expects === 'data_end') {
      if (text === '') expects = 'size';
      else state = 'broken';
    } else if (text === '') state = 'complete';
  }

  /** Returns where the line ends in `bytes`, or their end when more is needed. */
  function readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from);
    line += bytes.toString('latin1', from, end < 0 ? bytes.length : end);
    if (line.length > MAX_LINE_BYTES) state = 'broken';
    if (end < 0 || state === 'broken') return bytes.length;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    line = '';
    takeLine(text);
    return end + 1;
  }

  return {
    get state() {
      return state;
    },
    push(bytes, data) {
      let at = 0;
      while (at < bytes.length && state === 'open') {
        if (expects !== 'data') at = readLine(bytes, at);
        else {
          const content = bytes.subarray(at, at + leftInChunk);
          data(content);
          at += content.length;
          leftInChunk -= content.length;
          if (leftInChunk === 0) expects = 'data_end';
        }
      }
      return at;
    },
  };
}

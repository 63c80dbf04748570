/**
 * Reads one response from the bytes of a connection: skips interim responses, then reads the head and the start of the
 * body. A body that breaks off never changes the status. It never buffers more than its limits. Pure.
 *
 * The project has its own reader because the HTTP clients of Node hide the status of a response with a broken head or
 * body, and undici closes the connection on an unexpected `100 Continue` (decision record 0018).
 */
import { type ChunkedBody, createChunkedBody } from './chunked-body.ts';
import { parseHead, type ResponseHead } from './response-head.ts';

/**
 * `head`: no final response yet. `body`: the head is complete. `complete`: the body too. `cut`: the read limit is
 * reached. `broken`: the body ended wrongly, or (without a head) the bytes are not HTTP.
 */
type ReaderState = 'head' | 'body' | 'complete' | 'cut' | 'broken';

export interface ResponseReader {
  /** Takes the next bytes of the connection. */
  push(bytes: Buffer): ReaderState;
  /** The receiver has closed its side. */
  end(): ReaderState;
  readonly state: ReaderState;
  /** The final response's head, as soon as it is complete. */
  readonly head: ResponseHead | undefined;
  /** The start of the body. */
  readonly kept: Buffer;
  /** Whether the connection is in a known state, so that another request may follow. */
  readonly reusable: boolean;
}

export interface ReaderLimits {
  maxHeaderBytes: number;
  /** Bytes read of the body, framing included. */
  maxReadBytes: number;
  keepBytes: number;
}

/** RFC 9110, 15.2: a client must read interim responses that it did not ask for. The number is our own limit. */
export const MAX_INTERIM_RESPONSES = 32;
const HEAD_END = /\r?\n\r?\n/;
const BLANK_START = /^(?:\r?\n)+/;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one state machine: its functions share the state of one response.
export function createResponseReader({ maxHeaderBytes, maxReadBytes, keepBytes }: ReaderLimits): ResponseReader {
  let state: ReaderState = 'head';
  let head: ResponseHead | undefined;
  let headText = '';
  let interim = 0;
  let readBytes = 0;
  let leftBytes = 0;
  let chunked: ChunkedBody | undefined;
  let kept = Buffer.alloc(0);
  let hasSurplus = false;

  const keep = (content: Buffer) => {
    const room = keepBytes - kept.length;
    if (room > 0) kept = Buffer.concat([kept, content.subarray(0, room)]);
  };

  function readHead(bytes: Buffer): void {
    // Latin-1 maps bytes to characters one to one, so lengths and positions of text and bytes are the same.
    headText = (headText + bytes.toString('latin1')).replace(BLANK_START, '');
    while (state === 'head') {
      const end = HEAD_END.exec(headText);
      const isTooLong = (end?.index ?? headText.length) > maxHeaderBytes;
      if (!end && !isTooLong) return;
      const parsed = end && !isTooLong ? parseHead(headText.slice(0, end.index)) : null;
      headText = end ? headText.slice(end.index + end[0].length) : '';
      if (!parsed) breakOff();
      // 101 too: this client never asks for another protocol, so what follows must still be HTTP.
      else if (parsed.status >= 200) startBody(parsed);
      else if (++interim > MAX_INTERIM_RESPONSES) breakOff();
      else headText = headText.replace(BLANK_START, '');
    }
  }

  function breakOff(): void {
    state = 'broken';
    headText = '';
  }

  function startBody(final: ResponseHead): void {
    head = final;
    state = 'body';
    if (final.framing.kind === 'none') state = 'complete';
    if (final.framing.kind === 'length') leftBytes = final.framing.bytes;
    if (final.framing.kind === 'length' && leftBytes === 0) state = 'complete';
    if (final.framing.kind === 'chunked') chunked = createChunkedBody();
    if (final.framing.kind === 'conflict') state = 'broken';
    const rest = Buffer.from(headText, 'latin1');
    headText = '';
    if (rest.length > 0) readBody(rest);
  }

  function readBody(bytes: Buffer): void {
    if (state !== 'body') {
      if (bytes.length > 0) hasSurplus = true;
      return;
    }
    const used = chunked ? chunked.push(bytes, keep) : readPlain(bytes);
    readBytes += used;
    if (chunked && chunked.state !== 'open') state = chunked.state;
    if (used < bytes.length) hasSurplus = true;
    if (state === 'body' && readBytes >= maxReadBytes) state = 'cut';
  }

  function readPlain(bytes: Buffer): number {
    if (head?.framing.kind !== 'length') {
      keep(bytes);
      return bytes.length;
    }
    const content = bytes.subarray(0, leftBytes);
    keep(content);
    leftBytes -= content.length;
    if (leftBytes === 0) state = 'complete';
    return content.length;
  }

  return {
    get state() {
      return state;
    },
    get head() {
      return head;
    },
    get kept() {
      return kept;
    },
    get reusable() {
      return state === 'complete' && !hasSurplus && head?.keepAlive === true;
    },
    push(bytes) {
      if (state === 'head') readHead(bytes);
      else readBody(bytes);
      return state;
    },
    end() {
      if (state === 'body') state = head?.framing.kind === 'until_close' ? 'complete' : 'broken';
      if (state === 'head') breakOff();
      return state;
    },
  };
}

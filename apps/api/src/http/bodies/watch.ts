/**
 * Watches the body of every request: how fast it arrives, and how much memory it takes. It counts the bytes on their
 * way to the parser, so it works for every route and content type, and it holds no bytes itself.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, type ProblemCode, sendProblem } from '../problems/index.ts';
import type { MemoryBudget, MemoryLease } from './budget.ts';
import { createTransfer, type Transfer, type TransferFault, type TransferLimits } from './transfer.ts';

/** The kind of body of a route: images may take longer than a small body, and a batch longer than an image. */
export type BodyKind = 'small' | 'images' | 'batch';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `small` unless the route names another kind. */
    body?: BodyKind;
  }
  interface FastifyInstance {
    bodies: BodyWatch;
  }
}

export interface BodySettings {
  limits: Record<BodyKind, TransferLimits>;
  budget: MemoryBudget;
  checkEveryMs?: number;
}

export interface BodyWatch {
  /** Takes memory for this request. Throws Problem `overloaded`. */
  take(request: FastifyRequest, bytes: number): void;
  /** Takes memory for a body of known length, with its copies; otherwise the body is counted while it grows. */
  reserve(request: FastifyRequest, longestBytes: number): void;
  /** The request no longer holds its body. */
  release(request: FastifyRequest): void;
  /** Ends every body that still arrives with this problem. */
  endAll(code: ProblemCode): void;
}

interface Watched {
  request: FastifyRequest;
  reply: FastifyReply;
  transfer: Transfer;
  lease: MemoryLease;
  /** Copies per received byte that are taken while the body grows; 0 when memory is reserved in advance. */
  copies: number;
  /** A parser keeps every piece until the body is complete. */
  collected: boolean;
  pieces: number;
  bytes: number;
  ended: boolean;
  /** When a response was sent before the body was complete: the connection closes at this time. */
  lingerUntilMs: number | null;
}

const CHECK_EVERY_MS = 1000;
/** A client that still sends must be able to read the response; meanwhile its bytes are discarded. */
const LINGER_MS = 5000;
/** The received chunks, the joined bytes, the text, the strings in the parsed value; decoded and sealed bytes. */
const JSON_COPIES = 4.5;
/** The received chunks, the joined bytes, the sealed bytes. */
const BINARY_COPIES = 3;

/** The memory of a piece in addition to its bytes; 205 bytes measured. */
const PIECE_BYTES = 256;
/**
 * A client decides how many bytes a chunk has. In chunks of one byte, an image of 40 MiB would take 8 GB, even if it were
 * the only body. Clients that send base64 line by line have 76 bytes.
 */
const MANY_PIECES = 65_536;
const MIN_PIECE_BYTES = 64;
const TINY_PIECES = 'The body arrives in pieces of a few bytes. Send larger chunks.';

const DETAILS: Record<TransferFault, string> = {
  idle: 'No bytes of the body arrived for too long.',
  too_slow: 'The body arrived too slowly.',
  too_long: 'The body took longer than this route allows.',
};

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the table of bodies in transfer.
export function watchBodies(app: FastifyInstance, settings: BodySettings): BodyWatch {
  const { limits, budget, checkEveryMs = CHECK_EVERY_MS } = settings;
  const watched = new Map<FastifyRequest, Watched>();

  app.addHook('onRequest', async (request, reply) => {
    if (hasBody(request.raw)) begin(request, reply);
  });
  const timer = setInterval(checkAll, checkEveryMs).unref();
  app.addHook('onClose', async () => clearInterval(timer));

  function begin(request: FastifyRequest, reply: FastifyReply): void {
    const kind = request.routeOptions.config.body ?? 'small';
    const one: Watched = {
      request,
      reply,
      transfer: createTransfer(limits[kind], performance.now()),
      lease: budget.open(),
      // Streams take their own fixed share.
      copies: kind === 'small' ? JSON_COPIES : 0,
      collected: kind === 'small',
      pieces: 0,
      bytes: 0,
      ended: false,
      lingerUntilMs: null,
    };
    watched.set(request, one);
    // The explicit pause keeps the listener from starting the flow before the route reads the body.
    request.raw.pause();
    request.raw.on('data', (chunk: Buffer) => onData(one, chunk.length));
    reply.raw.once('finish', () => {
      one.lease.release();
      if (request.raw.complete) return;
      one.lingerUntilMs = performance.now() + LINGER_MS;
      request.raw.resume();
    });
    reply.raw.once('close', () => {
      one.lease.release();
      watched.delete(request);
    });
  }

  function onData(one: Watched, bytes: number): void {
    one.transfer.received(bytes, performance.now());
    if (!one.collected || one.ended) return;
    one.pieces++;
    one.bytes += bytes;
    const isTiny = one.pieces > MANY_PIECES && one.bytes < one.pieces * MIN_PIECE_BYTES;
    if (isTiny) end(one, new Problem('malformed_body', TINY_PIECES));
    else if (!one.lease.take(bytes * one.copies + PIECE_BYTES)) end(one, new Problem('overloaded'));
  }

  function checkAll(): void {
    const nowMs = performance.now();
    for (const one of watched.values()) check(one, nowMs);
  }

  function check(one: Watched, nowMs: number): void {
    const { raw } = one.request;
    if (one.lingerUntilMs !== null) {
      if (nowMs >= one.lingerUntilMs && !raw.complete) raw.destroy();
      return;
    }
    if (one.ended || raw.complete) return;
    if (raw.readableLength > 0) one.transfer.heldBack(nowMs);
    const fault = one.transfer.fault(nowMs);
    if (fault) end(one, new Problem('body_timeout', DETAILS[fault]));
  }

  /** Answers at once and closes the connection; the route sees the body end with an error. */
  function end(one: Watched, problem: Problem): void {
    one.ended = true;
    one.lease.release();
    if (one.reply.raw.headersSent) return void one.request.raw.destroy();
    sendProblem(one.reply.header('connection', 'close'), one.request, problem);
  }

  function take(one: Watched, bytes: number): void {
    if (!one.lease.take(bytes)) throw new Problem('overloaded');
  }

  return {
    take(request, bytes) {
      const one = watched.get(request);
      if (one) take(one, bytes);
    },
    reserve(request, longestBytes) {
      const one = watched.get(request);
      if (!one) return;
      one.collected = true;
      const copies = isJson(request) ? JSON_COPIES : BINARY_COPIES;
      const declared = Number(request.headers['content-length']);
      if (Number.isNaN(declared)) one.copies = copies;
      // A longer body is refused by its length, before it is read.
      else take(one, Math.min(declared, longestBytes) * copies);
    },
    release: (request) => watched.get(request)?.lease.release(),
    endAll(code) {
      for (const one of watched.values()) {
        if (!one.ended && !one.request.raw.complete) end(one, new Problem(code));
      }
    },
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isJson({ headers }: FastifyRequest): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
}

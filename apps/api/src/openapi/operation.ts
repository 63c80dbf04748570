/** One operation of the API as its document describes it; the schemas are those that validate. */
import type { Scope } from '@cardseal/core/ledger';
import type { z } from 'zod';
import type { ProblemCode } from '../http/problems/index.ts';

/** Of routes whose bodies carry images: a full memory budget, and a process that stops before the body is complete. */
export const WITH_A_LARGE_BODY = ['overloaded', 'shutting_down'] as const satisfies readonly ProblemCode[];

export interface RequestBody {
  contentType: string;
  /** Of JSON and of lines of it; pictures have none. */
  schema?: z.ZodType;
  /** A JSON value that a test sends as it stands. */
  example?: unknown;
}

export interface Answer {
  description: string;
  contentType?: string;
  schema?: z.ZodType;
  example?: unknown;
  headers?: readonly AnswerHeader[];
}

export type AnswerHeader = 'location' | 'etag' | 'retry-after' | 'preference-applied' | 'idempotency-replayed';
export type RequestHeader = 'idempotency-key' | 'prefer' | 'if-none-match';

export interface Operation {
  /** Unique; clients are generated from it. */
  id: string;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{parameters}`. */
  path: string;
  tag: 'jobs' | 'uploads' | 'batches' | 'webhooks' | 'quota' | 'service';
  summary: string;
  description?: string;
  /** What the key must be allowed; null where no key is asked for. */
  scope: Scope | null;
  query?: z.ZodObject;
  headers?: readonly RequestHeader[];
  body?: readonly RequestBody[];
  answers: Readonly<Record<number, Answer>>;
  /** Beyond those that every operation may answer. */
  problems?: readonly ProblemCode[];
}

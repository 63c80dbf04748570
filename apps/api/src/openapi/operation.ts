/** One operation of the API for the OpenAPI document. The schemas are the ones that validate requests. */
import type { Scope } from '@cardseal/core/ledger';
import type { z } from 'zod';
import type { ProblemCode } from '../http/problems/index.ts';

/**
 * For routes whose bodies contain images: a full memory budget, and a process that stops before the body is complete.
 */
export const WITH_A_LARGE_BODY = ['overloaded', 'shutting_down'] as const satisfies readonly ProblemCode[];

export interface RequestBody {
  contentType: string;
  /** For JSON and lines of JSON; images have none. */
  schema?: z.ZodType;
  /** A JSON value that a test sends unchanged. */
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
  /** Unique. Generated clients use it as the name. */
  id: string;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{parameters}`. */
  path: string;
  tag: 'jobs' | 'uploads' | 'batches' | 'webhooks' | 'quota' | 'service';
  summary: string;
  description?: string;
  /** The scope that the key needs; null for routes without a key. */
  scope: Scope | null;
  query?: z.ZodObject;
  headers?: readonly RequestHeader[];
  body?: readonly RequestBody[];
  answers: Readonly<Record<number, Answer>>;
  /** In addition to the responses that every operation may give. */
  problems?: readonly ProblemCode[];
}

/** The `Idempotency-Key` of a request. */
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/index.ts';

/** undefined when there is none. Throws Problem `idempotency_key_invalid`. */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) throw new Problem('idempotency_key_invalid');
  return key;
}

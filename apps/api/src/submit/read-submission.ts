/** The three body forms of `POST /v1/jobs`, read into one shape. */
import { SIDES, type Side } from '@cardseal/core/job';
import type { FastifyRequest } from 'fastify';
import { fromZod, Problem } from '../problems/index.ts';
import { decodeBase64 } from './base64.ts';
import { readMultipart } from './multipart.ts';
import { type JobRequestBody, jobRequestSchema, jobTermsSchema } from './request-schema.ts';
import type { Submission } from './submission.ts';

export async function readSubmission(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  const submission = await readByType(request, maxImageBytes);
  if (SIDES.every((side) => !submission.pictures[side] && !submission.pointers[side])) {
    const errors = SIDES.map((side) => ({ pointer: `/${side}`, code: 'missing', detail: 'Send at least one side.' }));
    throw new Problem('invalid_request', 'A job needs a picture of at least one side.', { errors });
  }
  for (const side of SIDES) {
    if ((submission.pictures[side]?.length ?? 0) > maxImageBytes) throw tooLarge(side, maxImageBytes);
  }
  return submission;
}

async function readByType(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  if (request.isMultipart()) return readMultipart(request, maxImageBytes);
  if (Buffer.isBuffer(request.body)) return readBare(request, request.body);
  return readJson(request.body);
}

function readJson(body: unknown): Submission {
  const parsed = jobRequestSchema.safeParse(body ?? {});
  if (!parsed.success) throw fromZod(parsed.error);
  return fromRequest(parsed.data);
}

export function fromRequest({ front, back, ...terms }: JobRequestBody): Submission {
  const submission: Submission = { pictures: {}, pointers: {}, terms };
  for (const [side, source] of [['front', front] as const, ['back', back] as const]) {
    if (source === undefined) continue;
    if ('image' in source) submission.pictures[side] = decodeBase64(source.image, `/${side}/image`);
    else submission.pointers[side] = source;
  }
  return submission;
}

function readBare(request: FastifyRequest, body: Buffer): Submission {
  const { side, ...unknown } = request.query as Record<string, unknown>;
  const extra = Object.keys(unknown).filter((name) => name !== 'wait');
  if ((side !== 'front' && side !== 'back') || extra.length > 0) {
    const detail = 'A bare picture needs ?side=front or ?side=back, and nothing else.';
    throw new Problem('invalid_request', detail, {
      errors: [{ pointer: extra[0] === undefined ? 'side' : extra[0].slice(0, 64), code: 'invalid_value', detail }],
    });
  }
  return { pictures: { [side]: body }, pointers: {}, terms: jobTermsSchema.parse({}) };
}

function tooLarge(side: Side, maxImageBytes: number): Problem {
  const detail = `A picture may have at most ${maxImageBytes} bytes.`;
  return new Problem('body_too_large', detail, { errors: [{ pointer: `/${side}`, code: 'too_large', detail }] });
}

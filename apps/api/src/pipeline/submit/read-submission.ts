/** Reads the three body forms of `POST /v1/jobs` into one type. */
import { SIDES, type Side } from '@cardseal/core/job';
import type { FastifyRequest } from 'fastify';
import { Problem, validated } from '../../http/problems/index.ts';
import { checkCharset } from '../../http/text/index.ts';
import { decodeBase64 } from './base64.ts';
import { readMultipart } from './multipart.ts';
import { type JobRequestBody, jobRequestSchema, jobTermsSchema, SOURCE } from './request-schema.ts';
import type { Submission } from './submission.ts';

export async function readSubmission(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  const submission = await readByType(request, maxImageBytes);
  if (SIDES.every((side) => !submission.pictures[side] && !submission.pointers[side])) {
    const detail = `Send at least one side. ${SOURCE}`;
    const errors = SIDES.map((side) => ({ pointer: `/${side}`, code: 'missing', detail }));
    throw new Problem('invalid_request', 'A job needs an image of at least one side.', { errors });
  }
  for (const side of SIDES) {
    if ((submission.pictures[side]?.length ?? 0) > maxImageBytes) throw tooLarge(side, maxImageBytes);
  }
  return submission;
}

async function readByType(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  if (request.isMultipart()) return readForm(request, maxImageBytes);
  if (Buffer.isBuffer(request.body)) return readBare(request, request.body);
  return readJson(request.body);
}

/** The parser decides what counts as a form; only its charset is checked here. */
function readForm(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  checkCharset(request.headers['content-type']);
  return readMultipart(request, maxImageBytes);
}

function readJson(body: unknown): Submission {
  return fromRequest(validated(jobRequestSchema, body ?? {}));
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
    const detail =
      'An image as the body needs ?side=front or ?side=back, and nothing else. For JSON send Content-Type: application/json.';
    throw new Problem('invalid_request', detail, {
      errors: [{ pointer: extra[0] === undefined ? 'side' : extra[0].slice(0, 64), code: 'invalid_value', detail }],
    });
  }
  return { pictures: { [side]: body }, pointers: {}, terms: jobTermsSchema.parse({}) };
}

function tooLarge(side: Side, maxImageBytes: number): Problem {
  const detail = `An image may have at most ${maxImageBytes} bytes.`;
  return new Problem('body_too_large', detail, { errors: [{ pointer: `/${side}`, code: 'too_large', detail }] });
}

/** `multipart/form-data`: the parts `front`, `back` (pictures) and `request` (JSON), each at most once. */
import type { FastifyRequest } from 'fastify';
import { parseJson } from '../json/index.ts';
import { fromZod, Problem } from '../problems/index.ts';
import { jobTermsSchema } from './request-schema.ts';
import type { Submission } from './submission.ts';

const MAX_REQUEST_PART_BYTES = 64 * 1024;

export async function readMultipart(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  try {
    return await readParts(request, maxImageBytes);
  } catch (error) {
    // The parser's own complaints about the framing carry no status.
    if (error instanceof Problem || (error as { statusCode?: number }).statusCode !== undefined) throw error;
    throw new Problem('malformed_body', 'The body is not a complete multipart/form-data.');
  }
}

async function readParts(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  const pictures: Submission['pictures'] = {};
  let terms: unknown = {};
  const seen = new Set<string>();
  const parts = request.parts({
    limits: { files: 3, fields: 3, parts: 3, fileSize: maxImageBytes, fieldSize: MAX_REQUEST_PART_BYTES },
  });
  for await (const part of parts) {
    if (seen.has(part.fieldname)) throw unexpectedPart(part.fieldname, 'duplicate');
    seen.add(part.fieldname);
    const bytes = part.type === 'file' ? await part.toBuffer() : Buffer.from(String(part.value));
    if (part.fieldname === 'front' || part.fieldname === 'back') pictures[part.fieldname] = bytes;
    else if (part.fieldname === 'request') terms = parseTerms(bytes);
    else throw unexpectedPart(part.fieldname, 'unknown_field');
  }
  const parsed = jobTermsSchema.safeParse(terms);
  if (!parsed.success) throw fromZod(parsed.error, '/request');
  return { pictures, pointers: {}, terms: parsed.data };
}

function parseTerms(bytes: Buffer): unknown {
  if (bytes.length > MAX_REQUEST_PART_BYTES) throw new Problem('body_too_large', 'The part `request` is too large.');
  return parseJson(bytes.toString(), 'The part `request` is not JSON.');
}

function unexpectedPart(name: string, code: string): Problem {
  const detail = 'The parts are `front`, `back` and `request`, each at most once.';
  return new Problem('invalid_request', detail, { errors: [{ pointer: `/${name.slice(0, 64)}`, code, detail }] });
}

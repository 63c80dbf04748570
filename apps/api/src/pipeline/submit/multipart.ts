/** `multipart/form-data`: the parts `front`, `back` (images) and `request` (JSON), each at most once. */
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { readJson } from '../../http/json/index.ts';
import { Problem, validated } from '../../http/problems/index.ts';
import { jobTermsSchema } from './request-schema.ts';
import type { Submission } from './submission.ts';

const MAX_REQUEST_PART_BYTES = 64 * 1024;
const MAX_PARTS = 3;

export async function readMultipart(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  try {
    return await readParts(request, maxImageBytes);
  } catch (error) {
    // Errors of the parser about the framing have no status.
    if (error instanceof Problem || (error as { statusCode?: number }).statusCode !== undefined) throw error;
    throw new Problem('malformed_body', 'The body is not a complete multipart/form-data.');
  }
}

async function readParts(request: FastifyRequest, maxImageBytes: number): Promise<Submission> {
  const pictures: Submission['pictures'] = {};
  let terms: unknown = {};
  const seen = new Set<string>();
  // Every part is read as bytes, whatever its file name and type. The parser would decode and parse a part without a
  // file name itself: it replaces bytes that are not UTF-8, and hides members that occur twice.
  const isPartAFile = () => true;
  const limits = { files: MAX_PARTS, parts: MAX_PARTS, fileSize: maxImageBytes };
  for await (const part of request.parts({ isPartAFile, limits })) {
    const { fieldname } = part;
    if (seen.has(fieldname)) throw unexpectedPart(fieldname, 'duplicate');
    seen.add(fieldname);
    if (fieldname !== 'front' && fieldname !== 'back' && fieldname !== 'request') {
      throw unexpectedPart(fieldname, 'unknown_field');
    }
    const maxBytes = fieldname === 'request' ? MAX_REQUEST_PART_BYTES : maxImageBytes;
    const bytes = await bytesOf(part as MultipartFile, maxBytes);
    if (fieldname === 'request') terms = parseTerms(bytes) ?? {};
    else if (!isUnchosen(part as MultipartFile, bytes)) pictures[fieldname] = bytes;
  }
  return { pictures, pointers: {}, terms: validated(jobTermsSchema, terms, '/request') };
}

async function bytesOf({ file, fieldname }: MultipartFile, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of file as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes || file.truncated) {
      const detail = `The part \`${fieldname}\` may have at most ${maxBytes} bytes.`;
      throw new Problem('body_too_large', detail, {
        errors: [{ pointer: `/${fieldname}`, code: 'too_large', detail }],
      });
    }
  }
  return Buffer.concat(chunks);
}

/** Recognises the part that a browser sends for a file input without a chosen file. */
function isUnchosen({ filename }: MultipartFile, bytes: Buffer): boolean {
  return filename === '' && bytes.length === 0;
}

function parseTerms(bytes: Buffer): unknown {
  return readJson(bytes, { what: 'The part `request`', prefix: '/request' });
}

function unexpectedPart(name: string, code: string): Problem {
  const detail = 'The parts are `front`, `back` and `request`, each at most once.';
  return new Problem('invalid_request', detail, {
    errors: [{ pointer: `/${String(name).slice(0, 64)}`, code, detail }],
  });
}

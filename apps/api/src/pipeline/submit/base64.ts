/** Strict base64: Node's decoder skips unknown characters, so that a typing error would produce another image. */
import { Problem } from '../../http/problems/index.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function decodeBase64(text: string, pointer: string): Buffer {
  const bytes = text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : null;
  if (bytes && bytes.length > 0) return bytes;
  const detail = text.startsWith('data:')
    ? 'Send the base64 alone, without the data: prefix.'
    : 'This is not base64 (standard alphabet, padded, no line breaks).';
  throw new Problem('invalid_request', undefined, { errors: [{ pointer, code: 'not_base64', detail }] });
}

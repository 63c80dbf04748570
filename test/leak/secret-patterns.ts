/**
 * The byte patterns of a canary text in every form: plain, base64 at its three alignments, hex, URL, JSON-escaped, GBK
 * and UTF-16. The search compares bytes and knows nothing of the product.
 */

export interface SecretPattern {
  /** The name of the canary text and the form, never the text itself, so that a finding can be printed. */
  label: string;
  bytes: Buffer;
}

/** Shorter patterns would occur in ciphertext by chance. */
const MIN_BYTES = 6;
const IMAGE_SLICE_BYTES = 24;

/** All forms of a text. */
export function patternsOf(name: string, text: string): SecretPattern[] {
  const utf8 = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  const gbk = encodeGbk(text);
  return named(name, [
    ['plain', utf8],
    ...base64Forms(utf8),
    ...hexForms(utf8),
    ['url', Buffer.from(encodeURIComponent(text))],
    ['url lower', Buffer.from(encodeURIComponent(text).replaceAll(/%../g, (code) => code.toLowerCase()))],
    ['json', Buffer.from(escapeJson(text))],
    ['json upper', Buffer.from(escapeJson(text).replaceAll(/\\u..../g, (code) => `\\u${code.slice(2).toUpperCase()}`))],
    ...(gbk ? [['gbk', gbk] as const] : []),
    ['utf-16 le', utf16],
    ['utf-16 be', Buffer.from(utf16).swap16()],
  ]);
}

/** Slices from the middle of an image, outside its headers: raw, base64 and hex. */
export function imagePatterns(name: string, image: Buffer): SecretPattern[] {
  return [0.3, 0.5, 0.7].flatMap((share) => {
    const start = Math.floor(image.length * share);
    const slice = image.subarray(start, start + IMAGE_SLICE_BYTES);
    return named(`${name} at ${share}`, [['raw', slice], ...base64Forms(slice), ...hexForms(slice)]);
  });
}

function named(name: string, forms: readonly (readonly [string, Buffer])[]): SecretPattern[] {
  const seen = new Set<string>();
  return forms.flatMap(([form, bytes]) => {
    const key = bytes.toString('latin1');
    if (bytes.length < MIN_BYTES || seen.has(key)) return [];
    seen.add(key);
    return [{ label: `${name} (${form})`, bytes }];
  });
}

/** The part of the text that survives inside a longer base64 string, for each of the three start positions. */
function base64Forms(bytes: Buffer): (readonly [string, Buffer])[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const usable = Math.floor(((offset + bytes.length) * 8) / 6);
    const inner = encoded.slice(Math.ceil((offset * 8) / 6), usable);
    const safe = inner.replaceAll('+', '-').replaceAll('/', '_');
    return [
      [`base64 +${offset}`, Buffer.from(inner)],
      [`base64url +${offset}`, Buffer.from(safe)],
    ] as const;
  });
}

function hexForms(bytes: Buffer): (readonly [string, Buffer])[] {
  const hex = bytes.toString('hex');
  return [
    ['hex', Buffer.from(hex)],
    ['hex upper', Buffer.from(hex.toUpperCase())],
  ];
}

function escapeJson(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

let gbkTable: Map<string, Buffer> | undefined;

/** null when GBK cannot encode a character. */
function encodeGbk(text: string): Buffer | null {
  gbkTable ??= buildGbkTable();
  const parts = Array.from(text, (char) => (char <= '\x7f' ? Buffer.from(char) : gbkTable?.get(char)));
  return parts.every((part) => part !== undefined) ? Buffer.concat(parts) : null;
}

/** Node decodes GBK but does not encode it, so this table inverts the decoder. */
function buildGbkTable(): Map<string, Buffer> {
  const decoder = new TextDecoder('gbk');
  const table = new Map<string, Buffer>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const pair = Buffer.from([lead, trail]);
      const char = decoder.decode(pair);
      if (trail !== 0x7f && char.length === 1 && char !== '\ufffd') table.set(char, pair);
    }
  }
  return table;
}

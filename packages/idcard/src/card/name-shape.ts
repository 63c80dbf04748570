/**
 * The name on a card: Han characters, at least two; a minority name has dots between its parts. Cards print U+00B7,
 * and each OCR engine returns the dot that it was trained on.
 */
const DOT = '\u00B7';

/**
 * Middle dots, bullets, full stops and operators of every script and width that OCR engines return for the printed
 * dot.
 */
const ANY_DOT =
  '\u00B7\u0387\u02D9\u16EB\u2022\u2024\u2027\u2219\u22C5\u25CF\u25E6\u2981\u2E31\u2E33\u3002\u30FB\uA78F\uFE52\uFF0E\uFF61\uFF65\u{10101}.';
const DOTS = new RegExp(`[${ANY_DOT}]`, 'u');
const NAME = new RegExp(`^\\p{Script=Han}+(?:${DOT}\\p{Script=Han}+)*$`, 'u');
const TWO_HAN = /\p{Script=Han}.*\p{Script=Han}/u;

/**
 * The name with U+00B7 for every form of the dot and without surrounding blanks, so that equal names compare as equal.
 */
export function withOneDot(name: string): string {
  const parts = name.split(DOTS);
  return parts.length === 1 ? name : parts.map((part) => part.trim()).join(DOT);
}

export function hasNameShape(name: string): boolean {
  const plain = withOneDot(name);
  return NAME.test(plain) && TWO_HAN.test(plain);
}

/**
 * The shape of a name on a card: Han characters, at least two, where a minority name may hold dots between its parts.
 * Cards print U+00B7, readers return whatever dot they were trained on.
 */
const DOTS = '\u00B7\u2022\u2027\u2219\u22C5\u30FB\uFF65\uFF0E.';
const NAME = new RegExp(`^\\p{Script=Han}+(?:[${DOTS}]\\p{Script=Han}+)*$`, 'u');
const TWO_HAN = /\p{Script=Han}.*\p{Script=Han}/u;

export function hasNameShape(name: string): boolean {
  return NAME.test(name) && TWO_HAN.test(name);
}

/** JSON pointers (RFC 6901). */

/** One token of a pointer, cut so that a response stays small. */
export function pointerToken(name: string | number): string {
  return `/${String(name).slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

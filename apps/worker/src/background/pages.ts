/** Reads a long walk a page at a time, so that memory stays flat whatever its length. */
const PAGE = 200;

export async function* pages<T>(items: AsyncIterable<T>, size = PAGE): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

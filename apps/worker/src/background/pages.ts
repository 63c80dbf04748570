/** Reads a long scan one page at a time, so that memory stays constant. */
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

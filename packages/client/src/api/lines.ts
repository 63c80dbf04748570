/** Streams of text, read line by line: server-sent events and NDJSON. */

/** Lines without their ends; a last line without an end counts. */
async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    yield* parts.map((line) => line.replace(/\r$/, ''));
  }
  if (rest !== '') yield rest;
}

export async function* readJsonLines<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  for await (const line of readLines(body)) if (line !== '') yield JSON.parse(line) as T;
}

/** The data of each event with this name, in order; other events and comments are skipped. */
export async function* readEvents<T>(body: ReadableStream<Uint8Array>, name: string): AsyncGenerator<T> {
  let data: string[] = [];
  let event = '';
  for await (const line of readLines(body)) {
    if (line.startsWith('data:')) data.push(line.slice('data:'.length).trimStart());
    else if (line.startsWith('event:')) event = line.slice('event:'.length).trim();
    else if (line === '') {
      if (event === name && data.length > 0) yield JSON.parse(data.join('\n')) as T;
      data = [];
      event = '';
    }
  }
}

/** NDJSON of what is iterated, made as it is sent. */
export function jsonLines(values: Iterable<unknown> | AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = (async function* () {
    for await (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`);
  })();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return(undefined);
    },
  });
}

/** Builds requests from the OpenAPI document: mostly valid ones, sometimes with one defect. */
import fc from 'fast-check';
import type { DescribedOperation } from '../../support/openapi.ts';

export interface FuzzRequest {
  operation: DescribedOperation;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer> | null;
}

export interface Known {
  ids: readonly string[];
  keys: readonly string[];
}

const HOSTILE = [
  '',
  '..',
  '%2e%2e%2f',
  '%00',
  'null',
  '-1',
  '1e9',
  '0x10',
  '💳',
  "' OR 1=1",
  '{{7*7}}',
  'a'.repeat(200),
];

export function requests(operations: readonly DescribedOperation[], known: Known): fc.Arbitrary<FuzzRequest> {
  return fc
    .constantFrom(...operations)
    .chain((operation) =>
      fc.record({
        operation: fc.constant(operation),
        method: often(9, fc.constant(operation.method), fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
        path: pathOf(operation, known),
        headers: headersOf(operation, known),
        body: bodyOf(operation),
      }),
    )
    .map((request) => {
      const bodiless = request.method === 'GET' || request.method === 'HEAD';
      return bodiless ? { ...request, body: null } : request;
    });
}

function often<A, B>(times: number, usual: fc.Arbitrary<A>, seldom: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ arbitrary: usual, weight: times }, { arbitrary: seldom, weight: 1 });
}

function pathOf({ path, parameters }: DescribedOperation, { ids }: Known): fc.Arbitrary<string> {
  const id = often(6, fc.constantFrom(...ids), fc.constantFrom(...HOSTILE).map(encodeURIComponent));
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.name !== 'wait');
  const pairs = fc.array(
    often(
      8,
      query.length === 0
        ? fc.constant('wait=0')
        : fc.constantFrom(...query).chain(({ name, schema }) => parameterOf(schema).map((value) => `${name}=${value}`)),
      fc.constantFrom('wait=31', 'wait=x', '__proto__=1', 'constructor[prototype]=1', 'limit[]=1', '%', '&&&', 'a=b=c'),
    ),
    { maxLength: 3 },
  );
  return fc.tuple(fc.array(id, { minLength: 2, maxLength: 2 }), pairs).map(([values, query]) => {
    let at = 0;
    const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name) => (name === 'side' ? 'front' : values[at++ % 2]!));
    return query.length > 0 ? `${filled}?${query.join('&')}` : filled;
  });
}

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema
function parameterOf(schema: any): fc.Arbitrary<string> {
  const good = schema.enum
    ? fc.constantFrom<string>(...schema.enum)
    : schema.type === 'integer'
      ? fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100 }).map(String)
      : schema.format === 'date-time'
        ? fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
        : fc.string({ maxLength: 20 });
  return often(3, good, fc.constantFrom(...HOSTILE)).map(encodeURIComponent);
}

function headersOf({ body }: DescribedOperation, { keys }: Known): fc.Arbitrary<Record<string, string>> {
  const types = Object.keys(body);
  const type = often(
    8,
    types.length > 0 ? fc.constantFrom(...types) : fc.constant('application/json'),
    fc.constantFrom(
      'text/plain',
      'application/json; charset=utf-7',
      'application/json\t;x',
      'multipart/form-data',
      ';',
      'image/*',
      'APPLICATION/JSON',
      'application/json, text/html',
    ),
  );
  const optional = fc.record(
    {
      'idempotency-key': often(4, fc.uuid(), fc.constantFrom('', 'a b', 'x'.repeat(300), 'same')),
      'if-none-match': fc.constantFrom('*', '"x"', 'W/"y"', ',,,'),
      prefer: fc.constantFrom('wait=0', 'wait=-1', 'wait=x', 'respond-async, wait=0', 'wait'),
    },
    { requiredKeys: [] },
  );
  // The API refuses these before any other check, so more of them would test nothing else.
  const encoding = often(
    16,
    fc.constant({}),
    fc.record({ 'content-encoding': fc.constantFrom('gzip', 'identity', 'br') }),
  );
  const authorization = often(
    12,
    fc.constantFrom(...keys).map((key) => `Bearer ${key}`),
    fc.constantFrom('Bearer', 'Bearer x', 'Basic eDp5', 'bearer  csk_test_x'),
  );
  return fc
    .tuple(type, optional, encoding, authorization)
    .map(
      ([contentType, more, encoded, auth]) =>
        ({ ...more, ...encoded, 'content-type': contentType, authorization: auth }) as Record<string, string>,
    );
}

function bodyOf({ body }: DescribedOperation): fc.Arbitrary<FuzzRequest['body']> {
  const example = Object.values(body).find((content) => content.example !== undefined)?.example;
  const json = example && typeof example === 'object' ? mutated(example as Record<string, unknown>) : fc.jsonValue();
  return fc.oneof(
    { arbitrary: json.map((value) => JSON.stringify(value)), weight: 6 },
    { arbitrary: fc.json(), weight: 1 },
    {
      arbitrary: fc.constantFrom(
        '',
        '{',
        '[]',
        'null',
        '"x"',
        '{"__proto__":{"x":1}}',
        '['.repeat(5000),
        '{"a":'.repeat(2000),
      ),
      weight: 1,
    },
    {
      arbitrary: fc.array(json, { maxLength: 5 }).map((lines) => lines.map((line) => JSON.stringify(line)).join('\n')),
      weight: 1,
    },
    { arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)), weight: 1 },
  );
}

/** The example with one member changed, added or removed. */
function mutated(example: Record<string, unknown>): fc.Arbitrary<unknown> {
  const names = Object.keys(example);
  return often(
    1,
    fc.constant(example),
    fc
      .tuple(
        fc.constantFrom(...names, 'reference', 'metadata', 'options', 'x'),
        often(4, fc.jsonValue(), fc.constant(undefined)),
      )
      .map(([name, value]) => ({ ...example, [name]: value })),
  );
}

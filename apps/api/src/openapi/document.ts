/** Builds the OpenAPI 3.1 document from the operations whose routes are registered. */
import type { z } from 'zod';
import { PROBLEMS, Problem, type ProblemCode, problemDocument } from '../http/problems/index.ts';
import { batchOperations } from './batch-operations.ts';
import { jobOperations } from './job-operations.ts';
import { type Components, type JsonSchema, toJsonSchema } from './json-schema.ts';
import type { Answer, AnswerHeader, Operation, RequestBody, RequestHeader } from './operation.ts';
import { problemSchema } from './schemas.ts';
import { serviceOperations } from './service-operations.ts';
import { webhookOperations } from './webhook-operations.ts';

export const operations: readonly Operation[] = [
  ...jobOperations,
  ...batchOperations,
  ...webhookOperations,
  ...serviceOperations,
];

const VERSION = '0.1.0';

/** @param isThere whether the route is served. */
export function openApiDocument(isThere: (operation: Operation) => boolean): JsonSchema {
  const components: Components = new Map();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations.filter(isThere)) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = describe(operation, components);
  }
  toJsonSchema(problemSchema, 'output', components);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cardseal',
      version: VERSION,
      description:
        'Recognition of ID cards: submit images, get typed and checked results. Times are ISO 8601 in UTC. ' +
        'Unknown fields may appear in answers; fields that are not known are refused in requests.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of the tenant: `csk_…`.' },
      },
    },
  };
}

function describe(operation: Operation, components: Components): JsonSchema {
  const { id, tag, summary, description, scope, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(scope === null ? { security: [] } : { security: [{ apiKey: [] }], 'x-scope': scope }),
    parameters: parametersOf(operation),
    ...(body ? { requestBody: { required: true, content: contentOf(body, components) } } : {}),
    responses: { ...answersOf(operation, components), ...problemsOf(operation) },
  };
}

const PARAMETERS: Record<string, JsonSchema> = { side: { type: 'string', enum: ['front', 'back'] } };

const REQUEST_HEADERS: Record<RequestHeader, { schema: JsonSchema; description: string }> = {
  'idempotency-key': {
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
    description: 'The same key with the same request is the same work, however often it is sent.',
  },
  prefer: { schema: { type: 'string', examples: ['wait=10'] }, description: '`wait=N`: answer when it has ended.' },
  'if-none-match': { schema: { type: 'string' }, description: 'The `ETag` that is known.' },
};

/** Every route that changes something and needs a key accepts an Idempotency-Key. */
function isKeyed({ method, scope }: Operation): boolean {
  return scope !== null && (method === 'post' || method === 'patch' || method === 'delete');
}

function headersOf(operation: Operation): readonly RequestHeader[] {
  return [...(isKeyed(operation) ? ['idempotency-key' as const] : []), ...(operation.headers ?? [])];
}

function parametersOf(operation: Operation): JsonSchema[] {
  const { path, query } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: PARAMETERS[name!] ?? { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = toJsonSchema(schema as z.ZodType, 'output', new Map());
    return { name, in: 'query', required: false, ...(description ? { description } : {}), schema: rest };
  });
  const inHeader = headersOf(operation).map((name) => ({
    name,
    in: 'header',
    required: false,
    ...REQUEST_HEADERS[name],
  }));
  return [...inPath, ...inQuery, ...inHeader];
}

function contentOf(bodies: readonly RequestBody[], components: Components): JsonSchema {
  return Object.fromEntries(
    bodies.map(({ contentType, schema, example }) => [
      contentType,
      {
        schema: schema ? toJsonSchema(schema, 'input', components) : binary(contentType),
        ...(example === undefined ? {} : { example }),
      },
    ]),
  );
}

function binary(contentType: string): JsonSchema {
  if (contentType !== 'multipart/form-data') return { type: 'string', contentMediaType: contentType };
  const picture = { type: 'string', contentMediaType: 'application/octet-stream' };
  const request = { type: 'string', contentMediaType: 'application/json' };
  return { type: 'object', properties: { front: picture, back: picture, request } };
}

const ANSWER_HEADERS: Record<AnswerHeader, string> = {
  location: 'Where it is.',
  etag: 'Changes when the job does.',
  'retry-after': 'Seconds; there is no sense in asking sooner.',
  'preference-applied': 'The parts of `Prefer` that the API applied.',
  'idempotency-replayed': '`true`: the request was done before. This is the response of that time.',
};

function answersOf(operation: Operation, components: Components): Record<string, JsonSchema> {
  const more: AnswerHeader[] = isReplayed(operation) ? ['idempotency-replayed'] : [];
  return Object.fromEntries(
    Object.entries(operation.answers).map(([status, answer]) => {
      const headers = [...(answer.headers ?? []), ...more];
      return [status, answerOf(headers.length > 0 ? { ...answer, headers } : answer, components)];
    }),
  );
}

function answerOf({ description, contentType, schema, example, headers }: Answer, components: Components): JsonSchema {
  const content = {
    ...(schema ? { schema: toJsonSchema(schema, 'output', components) } : {}),
    ...(example === undefined ? {} : { example }),
  };
  const type = contentType ?? (schema ? 'application/json' : undefined);
  const described = headers?.map((name) => [name, { schema: { type: 'string' }, description: ANSWER_HEADERS[name] }]);
  return {
    description,
    ...(described ? { headers: Object.fromEntries(described) } : {}),
    ...(type ? { content: { [type]: content } } : {}),
  };
}

/** Responses that any request can get before its handler runs. */
const EVERYWHERE: readonly ProblemCode[] = ['bad_request', 'headers_too_large', 'internal'];
const KEYED: readonly ProblemCode[] = ['idempotency_mismatch', 'idempotency_key_invalid'];
const WITH_A_KEY: readonly ProblemCode[] = [
  'unauthorized',
  'forbidden',
  'rate_limited',
  'too_many_concurrent',
  'store_unavailable',
  'keys_unavailable',
  'stored_data_unreadable',
];

export function problemsOfOperation(operation: Operation): ProblemCode[] {
  const { scope, problems = [] } = operation;
  const keyed = isKeyed(operation) ? KEYED : [];
  const replayed = isReplayed(operation) ? (['idempotency_in_progress'] as const) : [];
  return [...new Set([...problems, ...keyed, ...replayed, ...(scope === null ? [] : WITH_A_KEY), ...EVERYWHERE])];
}

/** The key of a job or batch exists as long as it does; the key of any other request for a day. */
function isReplayed(operation: Operation): boolean {
  return isKeyed(operation) && !['/v1/jobs', '/v1/batches'].includes(operation.path);
}

function problemsOf(operation: Operation): Record<string, JsonSchema> {
  const byStatus = Map.groupBy(problemsOfOperation(operation), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\``).join(', '),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(codes.map((code) => [code, { value: problemDocument(new Problem(code)) }])),
          },
        },
      },
    ]),
  );
}

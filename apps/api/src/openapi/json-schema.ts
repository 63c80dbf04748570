/** Converts zod to JSON Schema 2020-12 for OpenAPI 3.1: schemas with an id become components. */
import { z } from 'zod';

export type JsonSchema = { [key: string]: unknown };
export type Components = Map<string, JsonSchema>;

/**
 * @param io `input` describes requests, `output` responses. Later versions may add members to a response, so these
 * schemas stay open.
 */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Components): JsonSchema {
  const {
    $schema: _dialect,
    $defs,
    id,
    ...root
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
    components.set(name, opened(pointed(definition), io));
  }
  const tidy = opened(pointed(root), io);
  if (typeof id !== 'string') return tidy;
  components.set(id, tidy);
  return { $ref: `#/components/schemas/${id}` };
}

/** References into the document instead of into the schema. */
function pointed(value: JsonSchema): JsonSchema {
  const text = JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { id: _id, ...rest } = JSON.parse(text) as JsonSchema;
  return rest;
}

function opened(value: JsonSchema, io: 'input' | 'output'): JsonSchema {
  if (io === 'input') return withNulls(value);
  return JSON.parse(JSON.stringify(value), (key, entry) =>
    key === 'additionalProperties' && entry === false ? undefined : entry,
  ) as JsonSchema;
}

/** `null` means absent: every optional member of a request may also be null. */
function withNulls(value: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(value), (_key, entry: unknown) => {
    const { properties, required = [] } = (entry ?? {}) as {
      properties?: Record<string, JsonSchema>;
      required?: string[];
    };
    if (typeof properties !== 'object') return entry;
    const members = Object.entries(properties).map(([name, member]) => [
      name,
      required.includes(name) ? member : nullable(member),
    ]);
    return { ...(entry as JsonSchema), properties: Object.fromEntries(members) };
  }) as JsonSchema;
}

function nullable(member: JsonSchema): JsonSchema {
  const { description, default: usual, ...rest } = member;
  const choices = Array.isArray(rest.anyOf) ? (rest.anyOf as JsonSchema[]) : [rest];
  const withNull = choices.some(({ type }) => type === 'null') ? choices : [...choices, { type: 'null' }];
  return {
    anyOf: withNull,
    ...(description === undefined ? {} : { description }),
    ...(usual === undefined ? {} : { default: usual }),
  };
}

/** Converts JSON schemas to TypeScript types, as far as the API's document needs it. Throws for anything else. */

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema
type Schema = any;

/** `export` declarations in the order of their names, each with its description. */
export function typesOf(schemas: Record<string, Schema>): string {
  return Object.entries(schemas)
    .map(([name, schema]) => {
      const isObject = schema.type === 'object' && schema.properties;
      const declared = isObject ? `interface ${name} ${typeOf(schema)}` : `type ${name} = ${typeOf(schema)};`;
      return `${comment(schema)}export ${declared}\n`;
    })
    .join('\n');
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value: unknown) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeOf).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type: string) => typeOf({ ...schema, type })).join(' | ');
  if (schema.type === 'array') return `(${typeOf(schema.items)})[]`;
  if (schema.type === 'object') return objectOf(schema);
  return plainOf(schema);
}

function plainOf({ type }: Schema): string {
  const plain: Record<string, string> = {
    string: 'string',
    number: 'number',
    integer: 'number',
    boolean: 'boolean',
    null: 'null',
  };
  if (type === undefined) return 'unknown';
  const found = plain[type];
  if (!found) throw new Error(`no type for ${type}`);
  return found;
}

function objectOf({ properties, required = [], propertyNames, additionalProperties }: Schema): string {
  if (!properties) {
    const value = additionalProperties ? typeOf(additionalProperties) : 'unknown';
    return propertyNames?.enum ? `{ [name in ${typeOf(propertyNames)}]?: ${value} }` : `{ [name: string]: ${value} }`;
  }
  const members = Object.entries(properties).map(
    ([name, schema]) => `${comment(schema)}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`,
  );
  return `{ ${members.join('\n')} }`;
}

function comment({ description }: Schema): string {
  return description ? `/** ${description} */\n` : '';
}

/** Reads the API's OpenAPI document as an outside program does. */

export interface DescribedOperation {
  id: string;
  method: string;
  path: string;
  /** null when the operation needs no key. */
  scope: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: JSON schemas of any shape
  parameters: { name: string; in: 'path' | 'query' | 'header'; schema: any }[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  body: Record<string, { schema?: any; example?: unknown }>;
  statuses: number[];
}

export async function describedOperations(
  apiUrl: string,
  // biome-ignore lint/suspicious/noExplicitAny: as above
): Promise<{ operations: DescribedOperation[]; document: any }> {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const document = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const paths = Object.entries(document.paths as Record<string, Record<string, any>>);
  const operations = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      scope: operation['x-scope'] ?? null,
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content ?? {},
      statuses: Object.keys(operation.responses).map(Number),
    })),
  );
  return { operations, document };
}

/** An OTLP/HTTP receiver that keeps every received span and every byte. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SentSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Record<string, string>;
}

export interface TraceCollector {
  url: string;
  spans: SentSpan[];
  /** The requests as received. */
  raw: Buffer[];
  /** Resolves with all spans of a trace once each of the names has occurred. */
  complete(traceId: string, names: readonly string[]): Promise<SentSpan[]>;
  stop(): Promise<void>;
}

export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: SentSpan[] = [];
  const raw: Buffer[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    raw.push(Buffer.from(`${request.url}\n${JSON.stringify(request.headers)}\n`), body);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    spans.push(...spansIn(JSON.parse(body.toString())));
    for (const check of watchers) check();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    raw,
    complete(traceId, names) {
      const { promise, resolve } = Promise.withResolvers<SentSpan[]>();
      const check = () => {
        const found = spans.filter((span) => span.traceId === traceId);
        if (!names.every((name) => found.some((span) => span.name === name))) return;
        watchers.delete(check);
        resolve(found);
      };
      watchers.add(check);
      check();
      return promise;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number | string };
}

function spansIn(request: {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<SentSpan, 'attributes' | 'service'> & { attributes: Attribute[] })[] }[];
  }[];
}): SentSpan[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = named(resource.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({ ...span, service, attributes: named(span.attributes) })),
    );
  });
}

function named(attributes: Attribute[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? JSON.stringify(value))]),
  );
}

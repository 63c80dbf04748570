/** `/openapi.json`, and `/docs`: Swagger UI for people, served from this host only. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from './document.ts';

/** No foreign host, no inline script. Swagger UI sets styles on elements and has its icons as data URLs. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cardseal API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** Without `validatorUrl: null` the page would show its document to a foreign host. */
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const;

export function openApiRoutes(app: FastifyInstance): void {
  let document: string | undefined;
  // Built at the first request, when every route is registered.
  app.get('/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(
      openApiDocument(({ method, path: route }) =>
        app.hasRoute({ method: method.toUpperCase() as 'GET', url: route.replaceAll(/\{(\w+)\}/g, ':$1') }),
      ),
    );
    return reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(document);
  });
  app.get('/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', POLICY)
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .send(PAGE),
  );
  app.get('/docs/start.js', async (_request, reply) => reply.type(TYPES.js).send(START));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    const bytes = readFileSync(path.join(assets(), file));
    app.get(`/docs/${file}`, async (_request, reply) =>
      reply
        .type(TYPES[file.endsWith('.css') ? 'css' : 'js'])
        .header('cache-control', 'public, max-age=86400')
        .send(bytes),
    );
  }
}

/** The files of Swagger UI as the Fastify project ships them, without its server side. */
function assets(): string {
  return path.join(path.dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')), 'static');
}

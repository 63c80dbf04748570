/** Serves the static files of the pages. They are read once, at the start. */
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

const FILES = {
  'style.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

export function staticRoutes(app: FastifyInstance): void {
  for (const [name, type] of Object.entries(FILES)) {
    const content = readFileSync(new URL(name, import.meta.url));
    app.get(`/static/${name}`, async (_request, reply) =>
      reply.type(type).header('cache-control', 'private, max-age=300').send(content),
    );
  }
}

/** Which routes there are, so that a known path with another method is 405 and not 404. */
import type { FastifyInstance } from 'fastify';

export interface ServedRoutes {
  /** As registered, with `:parameters`. */
  readonly routes: readonly { method: string; url: string }[];
  /** The methods that a path answers to; empty for an unknown path. */
  allowed(path: string): string[];
}

/** Call it before routes are registered. */
export function collectRoutes(app: FastifyInstance): ServedRoutes {
  const routes: { method: string; url: string; shape: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const shape = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`);
    for (const one of [method].flat()) routes.push({ method: one, url, shape });
  });
  return {
    routes,
    allowed: (path) => routes.filter(({ shape }) => shape.test(path)).map(({ method }) => method),
  };
}

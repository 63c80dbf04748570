/** The registered routes, so that a known path with another method gets 405 and not 404. */
import type { FastifyInstance } from 'fastify';

export interface ServedRoutes {
  /** As registered, with `:parameters`. */
  readonly routes: readonly { method: string; url: string }[];
  /** The methods of a path; empty for an unknown path. */
  allowed(path: string): string[];
  /** The known path that a mistyped one resembles, with `{parameters}`; undefined when there is none. */
  near(path: string): string | undefined;
}

/** Call it before routes are registered. */
export function collectRoutes(app: FastifyInstance): ServedRoutes {
  const routes: { method: string; url: string; shape: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const shape = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
    for (const one of [method].flat()) routes.push({ method: one, url, shape });
  });
  return {
    routes,
    allowed: (path) => routes.filter(({ shape }) => shape.test(path)).map(({ method }) => method),
    near(path) {
      const candidates = corrected(path);
      const found = routes.find(({ shape }) => candidates.some((one) => new RegExp(shape, 'i').test(one)));
      return found?.url.replaceAll(/:(\w+)/g, '{$1}');
    },
  };
}

/** Without repeated or trailing slashes, and below `/v1` with or without a prefix from the client. */
function corrected(path: string): string[] {
  const tidy = `/${path.split('/').filter(Boolean).join('/')}`;
  const behindVersion = /\/v1\/.*$/i.exec(tidy)?.[0];
  return [
    tidy,
    `/v1${tidy}`,
    ...(behindVersion ? [behindVersion] : []),
    ...[tidy, `/v1${tidy}`].map((one) => `${one}s`),
  ];
}

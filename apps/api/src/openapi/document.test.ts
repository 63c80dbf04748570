import { systemClock } from '@cardseal/base/clock';
import { createLedger } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiContext } from '../context.ts';
import { PROBLEMS } from '../http/problems/index.ts';
import { createServer } from '../server.ts';
import { openApiDocument, operations, problemsOfOperation } from './index.ts';

/** Files of the reference page; they are no part of the API. */
const OF_THE_PAGE = /^\/docs(\/|$)/;

describe('the OpenAPI document', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32)) });
    const config = { MAX_IMAGE_BYTES: 1024, REQUEST_TIMEOUT_MS: 1000, BATCH_TIMEOUT_MS: 1000, UPLOAD_ORIGINS: [] };
    const { signal: stopping } = new AbortController();
    // Registering routes uses no more than this of a context.
    app = createServer({ config, ledger, clock: systemClock, log: silentLog, stopping } as unknown as ApiContext, {
      take: () => {},
    });
    await app.ready();
  });
  afterAll(() => app.close());

  const served = () =>
    (app as unknown as { servedRoutes: { method: string; url: string }[] }).servedRoutes
      .filter(({ method, url }) => method !== 'HEAD' && method !== 'OPTIONS' && !OF_THE_PAGE.test(url))
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
      .sort();

  it('describes every route that is served', () => {
    const described = new Set(operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`));
    expect(served()).toEqual([...described].sort());
  });

  it('shows no route that is not served', async () => {
    const document = (await app.inject('/openapi.json')).json();
    const shown = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(shown.sort()).toEqual(served());
  });

  it('names every operation once, and resolves every reference', () => {
    const document = openApiDocument(() => true) as { components: { schemas: object } };
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
  });

  it.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s has examples that its own schemas accept',
    (_id, { body = [], answers }) => {
      for (const { schema, example } of [...body, ...Object.values(answers)]) {
        if (example !== undefined) expect(schema!.safeParse(example).error?.issues).toBeUndefined();
      }
    },
  );

  it('uses every problem, so that no unused one is documented', () => {
    const used = new Set(operations.flatMap(problemsOfOperation));
    const beforeRouting = ['method_not_allowed'];
    expect(Object.keys(PROBLEMS).filter((code) => !used.has(code as never) && !beforeRouting.includes(code))).toEqual(
      [],
    );
  });
});

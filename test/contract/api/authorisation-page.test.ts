import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SCOPES } from '@cardseal/core/ledger';
import { beforeAll, describe, expect, it } from 'vitest';
import { authorisationMatrix, authorisationPage, type MatrixRow } from '../../support/authorisation.ts';

describe('the authorisation matrix', () => {
  let rows: MatrixRow[];
  beforeAll(async () => {
    rows = await authorisationMatrix();
  });

  it('equals the page in the docs', async () => {
    const page = await readFile(path.join(import.meta.dirname, '../../../docs/use/authorisation.md'), 'utf8');
    expect(page).toBe(authorisationPage(rows));
  });

  it('opens each guarded route to exactly one scope, and nothing to another tenant', () => {
    const guarded = rows.filter(({ answers }) => answers.none === 401);
    expect(guarded.length).toBeGreaterThanOrEqual(25);
    for (const { method, path: route, answers } of guarded) {
      const opened = SCOPES.filter((scope) => answers[scope] !== 403);
      expect(opened, `${method} ${route}`).toHaveLength(1);
      if (route.includes('{id}')) expect(answers.foreign, `${method} ${route}`).toBe(404);
    }
    for (const { answers } of rows.filter(({ answers }) => answers.none !== 401)) {
      expect(new Set(Object.values(answers)).size).toBe(1);
    }
  });
});

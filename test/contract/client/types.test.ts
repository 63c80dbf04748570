/** The client's types match the OpenAPI document. `vitest run test/contract/client -u` regenerates them. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { openApiDocument } from '@cardseal/api/openapi';
import { describe, expect, it } from 'vitest';
import { typesOf } from '../../support/schema-types.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const FILE = path.join(root, 'packages/client/src/api/schema.ts');
const HEAD =
  "/** The API's data, generated from its OpenAPI document. Not to be edited: a test holds it to the document. */\n\n";

describe('the types of the client', () => {
  it('are generated from the OpenAPI document', async () => {
    const { components } = openApiDocument(() => true) as { components: { schemas: Record<string, unknown> } };
    const formatting = promisify(execFile)('biome', ['format', `--stdin-file-path=${FILE}`], { cwd: root });
    formatting.child.stdin!.end(HEAD + typesOf(components.schemas));
    await expect((await formatting).stdout).toMatchFileSnapshot(FILE);
  });
});

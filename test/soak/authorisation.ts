/**
 * Asks every route with every scope, with none and as a foreign tenant, and prints the matrix; `--write` puts it into
 * docs/use/authorisation.md, which a contract test holds to the API.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { authorisationMatrix, authorisationPage } from '../support/authorisation.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const page = authorisationPage(await authorisationMatrix());
if (values.write) {
  await writeFile(path.join(import.meta.dirname, '../../docs/use/authorisation.md'), page);
} else {
  console.log(page);
}

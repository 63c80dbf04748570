/**
 * Requests every route with each single scope, without a key and as a foreign tenant, and prints the matrix. A contract
 * test compares the page with the API.
 * --write: updates docs/use/authorisation.md.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { authorisationMatrix, authorisationPage } from '../support/authorisation.ts';
import { printHelp } from '../support/program-help.ts';

printHelp(import.meta.url);

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const page = authorisationPage(await authorisationMatrix());
if (values.write) {
  await writeFile(path.join(import.meta.dirname, '../../docs/use/authorisation.md'), page);
} else {
  console.log(page);
}

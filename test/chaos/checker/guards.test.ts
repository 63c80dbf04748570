/** The guards that the long suite removes exist in the source, so that a rename cannot make its runs meaningless. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const { GUARDS } = (await import('../long/unguarded/remove-guard.mjs' as string)) as {
  GUARDS: Record<string, [file: string, guard: string, without: string][]>;
};

it.each(Object.entries(GUARDS))('the source contains the guard "%s" once', (_, removals) => {
  for (const [file, guard] of removals) {
    expect(readFileSync(path.join(ROOT, file), 'utf8').split(guard), `${file}: ${guard}`).toHaveLength(2);
  }
});

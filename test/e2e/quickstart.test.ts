import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../support/stack.ts';

const root = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/quickstart.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text!.trim());

describe('docs/quickstart.md', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack.stop());

  it('works as it is written, from the first command to the last', async () => {
    const mark = '--- next ---';
    const script = commands
      .join(`\necho '${mark}'\n`)
      .replaceAll('./.cardseal/dev.json', path.join(stack.dataDir, 'dev.json'));
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: root,
      timeout: 90_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    const outputs = stdout.split(`${mark}\n`);
    expect(outputs).toHaveLength(commands.length);
    const outputOf = (text: string) => outputs[commands.findIndex((command) => command.includes(text))]!;

    expect(JSON.parse(outputOf('prefer: wait=30'))).toMatchObject({ state: 'succeeded', result: { verdict: 'clear' } });
    const [polled = '', ...rest] = outputOf('/events').split(/(?<=\})(?=event:)/);
    const job = JSON.parse(polled);
    expect(job).toMatchObject({ state: 'succeeded', reference: 'application-4711' });
    expect(rest.join('')).toContain('event: state\ndata: ');
    expect(rest.join('')).toContain('"next_cursor":null');
    expect(JSON.parse(outputOf('-X DELETE'))).toMatchObject({ id: job.id, state: 'erased' });
    expect(JSON.parse(outputOf('submit.ts'))).toMatchObject({ state: 'succeeded', verdict: 'clear' });
    // Two that were submitted, and four in the list: these, the client's and the first; the second is erased.
    expect(outputOf('submit "$CARDS"').match(/succeeded {2}clear/g)).toHaveLength(6);
    expect(outputOf('submit "$CARDS"')).toMatch(/^job .*state .*verdict/);
    expect(JSON.parse(outputOf('echo hello'))).toMatchObject({ code: 'image_unusable' });
  });
});

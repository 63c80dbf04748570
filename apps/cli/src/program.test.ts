import { type Command, CommanderError } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { createProgram } from './program.ts';

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)];
}

/** The exit code of Commander and the text on stderr. */
async function wrongUsage(args: readonly string[]): Promise<{ code: number; stderrText: string }> {
  let stderrText = '';
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderrText += text;
    return true;
  });
  try {
    await createProgram({}).parseAsync(args, { from: 'user' });
    throw new Error('was accepted');
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { code: error.exitCode, stderrText };
  } finally {
    stderr.mockRestore();
  }
}

describe('the command line', () => {
  it('describes every command and every option', () => {
    for (const command of all(createProgram({}))) {
      expect(command.description(), command.name()).not.toBe('');
      for (const option of command.options)
        expect(option.description, `${command.name()} ${option.flags}`).not.toBe('');
      expect(command.helpInformation()).toContain(command.name());
    }
  });

  it.each([
    [['frobnicate'], 'unknown command'],
    [['submit', 'a.jpg', '--frobnicate'], 'unknown option'],
    [['submit'], 'missing required argument'],
    [['get'], 'missing required argument'],
    [['list', '--state', 'done'], 'Allowed choices'],
    [['list', '--limit', '0'], 'whole number'],
    [['submit', 'a.jpg', '--side', 'top'], 'Allowed choices'],
    [['key', 'create', 'bank', '--cards-per-day', 'many'], 'whole number'],
    [['key', 'set', 'bank', 'k', '--concurrency', '-1'], 'whole number'],
    [['key', 'create', 'bank', '--scope', 'all'], 'Allowed choices'],
    [['tenant', 'set', 'bank', '--weight', 'heavy'], 'above 0'],
    [['key', 'frobnicate'], 'unknown command'],
  ])('explains the usage error in %j', async (args, reason) => {
    const { code, stderrText } = await wrongUsage(args);
    expect(code).not.toBe(0);
    expect(stderrText).toContain(reason);
    expect(stderrText).toContain('Usage: cardseal');
  });
});

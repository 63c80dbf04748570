/** Every command and route in the docs exists, with the options that the page uses. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { operations } from '@cardseal/api/openapi';
import type { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../../apps/cli/src/program.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const docs = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

/** Fenced blocks line by line, and inline code. */
function codeOf(page: string): string[] {
  const text = readFileSync(path.join(root, page), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  const fenced = [...text.matchAll(/^```(?:sh|bash)?\n([\s\S]*?)^```/gm)].flatMap(([, block]) => block!.split('\n'));
  return [...fenced, ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)].map((line) => line.trim());
}

/** Splits the arguments like a shell; null when the text is no command of this project. */
function argumentsOf(code: string): string[] | null {
  const match = /^(?:\$ )?(?:npm run (?:--silent |-s )?cardseal -- |(?:npx )?cardseal )(.*)$/.exec(code);
  if (!match || /[…<|]|\.\.\.|\bcommand\b|^is ready/.test(match[1]!)) return null;
  const plain = match[1]!.replace(/\s+(?:#|>|2>|&&|\|).*$/, '');
  return [...plain.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!);
}

function withoutActions(command: Command): Command {
  // A group may have its own action, as `doctor` does.
  const acts = (command as unknown as { _actionHandler: unknown })._actionHandler;
  if (acts || command.commands.length === 0) command.action(() => {});
  for (const one of command.commands) withoutActions(one);
  return command;
}

async function refusal(args: string[]): Promise<string | null> {
  const output = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const program = withoutActions(createProgram({}));
  try {
    await program.parseAsync(args, { from: 'user' });
    return null;
  } catch (error) {
    // A page may name a command without its arguments.
    const { code, message } = error as { code?: string; message: string };
    return code === 'commander.missingArgument' ? null : message;
  } finally {
    output.mockRestore();
  }
}

describe('names in the docs', () => {
  const commands = pages.flatMap((page) =>
    codeOf(page).flatMap((code) => {
      const args = argumentsOf(code);
      return args && args.length > 1 ? [{ page, args }] : [];
    }),
  );

  it('are commands that the CLI accepts', async () => {
    expect(commands.length).toBeGreaterThan(15);
    const refused = [];
    for (const { page, args } of commands) {
      const reason = await refusal(args);
      if (reason) refused.push(`${page}: cardseal ${args.join(' ')}: ${reason}`);
    }
    expect(refused).toEqual([]);
  });

  it('are routes of the API', () => {
    const shapes = operations.map(({ method, path: route }) => `${method.toUpperCase()} ${shapeOf(route)}`);
    const named = pages.flatMap((page) =>
      codeOf(page).flatMap((code) => {
        const match = /^(GET|POST|PUT|PATCH|DELETE) (\/v1\/[^\s?…]+)$/.exec(code.split('?')[0]!);
        return match ? [{ page, route: `${match[1]} ${shapeOf(match[2]!)}` }] : [];
      }),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ route }) => !shapes.includes(route))).toEqual([]);
  });
});

function shapeOf(route: string): string {
  return route.replaceAll(/\{\w+\}|\b[a-z]+_[0-9A-Z]{26}\b|:\w+/g, '*').replace(/\/$/, '');
}

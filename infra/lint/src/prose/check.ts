/** The prose check: reads comments, test names, program texts and Markdown, and refuses what `rules.ts` lists. */
import { type Finding, sortFindings } from '../findings.ts';
import { listFiles, readSource } from '../repository.ts';
import { passagesOf } from './passages.ts';
import { WITHOUT_PROSE } from './places.ts';
import { PROSE_RULES } from './rules.ts';

/** `paths`: read only these. None: read the whole repository. */
export function checkProse(root: string, paths: readonly string[] = []): Finding[] {
  const files = listFiles(root, paths).filter((file) => !WITHOUT_PROSE.some((place) => isBelow(file, place)));
  return sortFindings(
    files.flatMap((file) => {
      const source = readSource(root, file);
      return findProse(source.file, source.text);
    }),
  );
}

/** The findings of one file. */
export function findProse(file: string, text: string): Finding[] {
  return passagesOf(file, text).flatMap((passage) =>
    PROSE_RULES.filter(({ only }) => only?.includes(passage.kind) ?? true).flatMap((rule) =>
      [...passage.text.matchAll(rule.pattern)].map((match) => ({
        file,
        line: passage.lineAt(match.index),
        message: `"${excerpt(passage.text, match)}": ${rule.id}: write ${rule.instead}`,
      })),
    ),
  );
}

const CONTEXT = 25;

/** The match with some words on both sides, so that the place is found without opening the file. */
function excerpt(text: string, match: RegExpExecArray): string {
  const from = Math.max(0, text.lastIndexOf(' ', match.index - CONTEXT));
  const to = text.indexOf(' ', match.index + match[0].length + CONTEXT);
  return text.slice(from, to < 0 ? undefined : to).trim();
}

function isBelow(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

/** A passage is one paragraph of prose, with the lines of its file joined, so that a rule sees whole sentences. */

/** `text` has code replaced by a placeholder; `lineAt` gives the line of the file for an offset in `text`. */
export interface Passage {
  readonly kind: 'comment' | 'test name' | 'text' | 'markdown';
  readonly text: string;
  lineAt(offset: number): number;
}

export interface Line {
  readonly number: number;
  readonly text: string;
}

/** Stands for inline code and for `${…}`: a word that no rule matches. */
export const PLACEHOLDER = '▢';

/** A line that begins a paragraph of its own: a list item, a heading, a table row, a tag of a doc comment. */
const STARTS_PARAGRAPH = /^(?:[-*+] |\d+[.)] |#{1,6} |\||@\w+|>)/;

/** Joins lines to paragraphs. An empty line and a list item end the paragraph before them. */
export function paragraphs(kind: Passage['kind'], lines: readonly Line[]): Passage[] {
  const groups: Line[][] = [];
  for (const line of lines) {
    const text = line.text.trim();
    const last = groups.at(-1);
    if (text === '') groups.push([]);
    else if (last === undefined || STARTS_PARAGRAPH.test(text)) groups.push([{ ...line, text }]);
    else last.push({ ...line, text });
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => toPassage(kind, group.map((line) => line.text).join('\n'), group[0]!.number));
}

/** `firstLine` is the line of the file on which `raw` starts. */
export function toPassage(kind: Passage['kind'], raw: string, firstLine: number): Passage {
  const text = withoutCode(raw);
  return {
    kind,
    text: text.replaceAll('\n', ' '),
    lineAt: (offset) => firstLine + lineBreaks(text.slice(0, offset)),
  };
}

/** Code in backticks, links' targets and markup must not match: stored names keep words that the rules refuse. */
function withoutCode(text: string): string {
  return text
    .replace(/`[^`]*`/g, (code) => PLACEHOLDER + '\n'.repeat(lineBreaks(code)))
    .replace(/\]\([^)]*\)/g, (target) => `]${'\n'.repeat(lineBreaks(target))}`)
    .replace(/<[a-z!/][^>]*>/gi, (tag) => ` ${'\n'.repeat(lineBreaks(tag))}`);
}

function lineBreaks(text: string): number {
  return text.match(/\n/g)?.length ?? 0;
}

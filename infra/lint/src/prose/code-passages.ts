/** The prose of TypeScript and JavaScript: comments, names of tests, and texts that a program shows or logs. */
import { type Program, parseSync, Visitor } from 'oxc-parser';
import { type Line, type Passage, PLACEHOLDER, paragraphs, toPassage } from './passage.ts';

/** Shorter strings are names, settings and formats rather than sentences. */
const MIN_WORDS = 4;
const WORD = /[A-Za-z]{2,}/g;
const NAMES_A_TEST = /^(?:it|test|describe)$/;

export function codePassages(file: string, text: string): Passage[] {
  const { program, comments } = parseSync(file, text);
  const lineOf = lineIndex(text);
  const found = commentPassages(text, comments, lineOf);
  return file.includes('.test.') ? [...found, ...testNames(program, lineOf)] : [...found, ...texts(program, lineOf)];
}

interface Span {
  readonly type: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Line comments on lines that follow each other are one paragraph. */
function commentPassages(text: string, comments: readonly Span[], lineOf: (offset: number) => number): Passage[] {
  const lines: Line[] = [];
  for (const comment of comments) {
    const first = lineOf(comment.start);
    const follows = comment.type === 'Line' && lines.at(-1)?.number === first - 1 && opensLine(text, comment.start);
    if (!follows) lines.push({ number: first, text: '' });
    const rows = comment.value.split('\n').map((row) => row.replace(/^\s*\*(?=\s|$)/, ''));
    rows[0] = rows[0]!.replace(/^\*/, '');
    lines.push(...rows.map((row, index) => ({ number: first + index, text: row })));
    if (comment.type === 'Block') lines.push({ number: lineOf(comment.end), text: '' });
  }
  return paragraphs('comment', lines);
}

function opensLine(text: string, offset: number): boolean {
  return /^\s*$/.test(text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset));
}

function testNames(program: Program, lineOf: (offset: number) => number): Passage[] {
  const found: Passage[] = [];
  const visitor = new Visitor({
    CallExpression(call) {
      const [title] = call.arguments;
      if (title === undefined || !NAMES_A_TEST.test(rootName(call.callee))) return;
      if (title.type === 'Literal' && typeof title.value === 'string') found.push(short(title.value, title.start));
      if (title.type === 'TemplateLiteral')
        found.push(short(title.quasis.map((part) => part.value.raw).join(PLACEHOLDER), title.start));
    },
  });
  const short = (value: string, start: number) => toPassage('test name', value, lineOf(start));
  visitor.visit(program);
  return found;
}

/** `it` of `it.each(rows)('…')` and of `it.skipIf(x)('…')`. */
function rootName(node: unknown): string {
  const { type, name, object, callee, tag } = node as Record<string, unknown>;
  if (type === 'Identifier') return String(name);
  const inner = object ?? callee ?? tag;
  return inner === undefined ? '' : rootName(inner);
}

function texts(program: Program, lineOf: (offset: number) => number): Passage[] {
  const found: Passage[] = [];
  const keep = (value: string, start: number) => {
    if ((value.match(WORD) ?? []).length >= MIN_WORDS) found.push(toPassage('text', value, lineOf(start)));
  };
  const visitor = new Visitor({
    Literal(node) {
      if (typeof node.value === 'string') keep(node.value, node.start);
    },
    TemplateLiteral(node) {
      keep(node.quasis.map((part) => part.value.raw).join(PLACEHOLDER), node.start);
    },
  });
  visitor.visit(program);
  return found;
}

/** Gives the line of an offset by binary search. */
function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

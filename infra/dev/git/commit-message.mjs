/**
 * Checks the form of commit messages: `scope: imperative summary`, a blank line, a body that says why. The git hook in this
 * folder runs it, and so does CI on every pull request. Plain JavaScript without dependencies, because git may run it
 * before anything is installed and on Node 20.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const MAX_SUBJECT_CHARS = 72;
const MAX_BODY_CHARS = 100;
/** Git writes these itself, or removes them again in a rebase. */
const WRITTEN_BY_GIT = /^(Merge |Revert "|fixup! |squash! |amend! )/;
const SUBJECT = /^[a-z0-9][a-z0-9/.-]*(, [a-z0-9][a-z0-9/.-]*)*: \S/;
/** A summary completes the sentence "If applied, this commit will …". */
const NOT_IMPERATIVE =
  /^(added|adds|adding|allowed|allows|changed|changes|changing|deleted|deletes|fixed|fixes|fixing|improved|improves|made|makes|moved|moves|moving|removed|removes|removing|renamed|renames|replaced|replaces|updated|updates|updating|used|uses|using)$/i;
/** Git cuts the message here when it shows the diff in the editor. */
const SCISSORS = /^# -+ >8 -+$/m;

/**
 * @param {string} text as git passes it to the hook, with its comments
 * @returns {string[]} every problem; empty when the message is good
 */
export function problemsOf(text) {
  const lines = withoutComments(text);
  const [subject = '', ...rest] = lines;
  if (WRITTEN_BY_GIT.test(subject)) return [];
  const summary = subject.slice(subject.indexOf(':') + 1).trim();
  const body = rest.filter((line) => line !== '');
  const problems = [];
  if (!SUBJECT.test(subject))
    problems.push('the first line must be `scope: summary`, such as `worker: save the reply first`');
  if (subject.length > MAX_SUBJECT_CHARS)
    problems.push(`the first line has ${subject.length} characters; the limit is ${MAX_SUBJECT_CHARS}`);
  if (subject.endsWith('.')) problems.push('the first line must not end with a full stop');
  if (NOT_IMPERATIVE.test(summary.split(' ')[0] ?? ''))
    problems.push(
      `"${summary.split(' ')[0]}" is not imperative; write what the commit does, such as "add" or "remove"`,
    );
  if (rest.length > 0 && rest[0] !== '') problems.push('the second line must be blank');
  if (body.length === 0) problems.push('the body is missing; say why the change is made');
  // A URL cannot be broken.
  if (body.some((line) => line.length > MAX_BODY_CHARS && !line.includes('://')))
    problems.push(`a line of the body has more than ${MAX_BODY_CHARS} characters`);
  return problems;
}

function withoutComments(text) {
  const lines = text
    .split(SCISSORS)[0]
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const trimmed = lines.map((line) => line.trimEnd());
  const first = trimmed.findIndex((line) => line !== '');
  return first === -1 ? [] : trimmed.slice(first);
}

/** @returns {{ name: string, text: string }[]} the messages of a range of commits, without merges */
function messagesOf(range) {
  const log = execFileSync('git', ['log', '--no-merges', '-z', '--format=%h%n%B', range], { encoding: 'utf8' });
  return log
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const end = entry.indexOf('\n');
      return { name: entry.slice(0, end), text: entry.slice(end + 1) };
    });
}

function run([first, second]) {
  if (!first || (first === '--range' && !second)) {
    console.error('usage: commit-message.mjs FILE | --range FROM..TO');
    return 2;
  }
  const messages =
    first === '--range' ? messagesOf(second) : [{ name: 'this message', text: readFileSync(first, 'utf8') }];
  const bad = messages
    .map(({ name, text }) => ({ name, text, problems: problemsOf(text) }))
    .filter(({ problems }) => problems.length > 0);
  for (const { name, text, problems } of bad) {
    console.error(
      `${name}: ${text.trimStart().split('\n')[0]}\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
  if (bad.length > 0) console.error('CONTRIBUTING.md describes the form of commit messages.');
  return bad.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = run(process.argv.slice(2));

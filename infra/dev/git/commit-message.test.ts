import { describe, expect, it } from 'vitest';
import { problemsOf } from './commit-message.mjs';

const BODY = 'A crash between the two writes left a marker without a request.';

describe('problemsOf', () => {
  it.each([
    ['one scope', `worker: save the reply before reading it\n\n${BODY}\n`],
    ['several scopes', `api, worker: name the lock in the log\n\n${BODY}\n`],
    ['a scope that is a path', `core/ledger: write the marker first\n\n${BODY}\n`],
    [
      "git's comments and a diff below the scissors",
      `api: cut a wait\n\n${BODY}\n# On branch main\n# ---- >8 ----\nadded: nothing`,
    ],
    ['a merge', "Merge branch 'main' into topic"],
    ['a revert', 'Revert "worker: save the reply first"'],
    ['a fixup for a rebase', 'fixup! worker: save the reply first'],
    ['a long URL in the body', `docs: link the price page\n\nhttps://example.com/${'a'.repeat(120)}\n`],
  ])('accepts %s', (_, text) => expect(problemsOf(text)).toEqual([]));

  it.each([
    ['no scope', `Save the reply\n\n${BODY}`, /scope: summary/],
    ['a scope in capitals', `Worker: save the reply\n\n${BODY}`, /scope: summary/],
    ['a long first line', `worker: ${'a'.repeat(70)}\n\n${BODY}`, /78 characters/],
    ['a full stop', `worker: save the reply.\n\n${BODY}`, /full stop/],
    ['a past tense', `worker: added a test\n\n${BODY}`, /"added" is not imperative/],
    ['no blank line', `worker: save the reply\n${BODY}`, /second line/],
    ['no body', 'worker: save the reply\n', /body is missing/],
    ['a long line in the body', `worker: save the reply\n\n${'word '.repeat(30)}`, /more than 100/],
    ['nothing', '\n# Please enter the commit message\n', /scope: summary/],
  ])('refuses %s', (_, text, problem) => expect(problemsOf(text).join('\n')).toMatch(problem));
});

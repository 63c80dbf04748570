import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';

const script = readFileSync(new URL('live.js', import.meta.url), 'utf8');

type Answer = { ok: boolean; main: boolean } | 'no answer';

/** A page with what the script touches of a browser; each look is asked for by hand. */
function browser() {
  let answer: Answer = 'no answer';
  let look = async () => {};
  const classes = new Set<string>();
  const shown: unknown[] = [];
  const main = {
    dataset: { refresh: '5' },
    contains: () => false,
    querySelectorAll: () => [],
    replaceChildren: (...nodes: unknown[]) => shown.push(...nodes),
  };
  const toggle = (name: string, on: boolean) => (on ? classes.add(name) : classes.delete(name));
  const classList = {
    add: (name: string) => classes.add(name),
    remove: (name: string) => classes.delete(name),
    toggle,
  };
  runInNewContext(script, {
    document: { querySelector: () => main, hidden: false, activeElement: null, body: { classList } },
    location: { href: 'http://admin.example/gates' },
    AbortSignal,
    URL,
    DOMParser: class {
      parseFromString = () => ({
        querySelector: () => (answer as { main: boolean }).main && { dataset: { refresh: '5' }, childNodes: ['new'] },
      });
    },
    fetch: async () => {
      if (answer === 'no answer') throw new Error(answer);
      return { ok: answer.ok, redirected: false, text: async () => '' };
    },
    setTimeout: (then: () => Promise<void>) => {
      look = then;
    },
  });
  return async (next: Answer) => {
    answer = next;
    await look();
    return { stale: classes.has('stale'), shown: shown.length };
  };
}

it('a page that could not be asked for again is shown as old, whatever stood in the way, until it could', async () => {
  const look = browser();
  expect(await look({ ok: true, main: true })).toEqual({ stale: false, shown: 1 });
  expect(await look({ ok: false, main: true })).toEqual({ stale: true, shown: 1 });
  expect(await look({ ok: true, main: true })).toEqual({ stale: false, shown: 2 });
  expect(await look('no answer')).toEqual({ stale: true, shown: 2 });
  expect(await look({ ok: true, main: false })).toEqual({ stale: true, shown: 2 });
});

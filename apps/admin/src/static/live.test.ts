import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';

const script = readFileSync(new URL('live.js', import.meta.url), 'utf8');

type Response = { ok: boolean; main: boolean } | 'no response';

/** The parts of a browser that the script uses. Each call of the returned function runs one refresh. */
function browser() {
  let response: Response = 'no response';
  let refresh = async () => {};
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
        querySelector: () => (response as { main: boolean }).main && { dataset: { refresh: '5' }, childNodes: ['new'] },
      });
    },
    fetch: async () => {
      if (response === 'no response') throw new Error(response);
      return { ok: response.ok, redirected: false, text: async () => '' };
    },
    setTimeout: (then: () => Promise<void>) => {
      refresh = then;
    },
  });
  return async (next: Response) => {
    response = next;
    await refresh();
    return { stale: classes.has('stale'), shown: shown.length };
  };
}

it('marks a page as stale after any failed refresh, until a refresh succeeds', async () => {
  const refresh = browser();
  expect(await refresh({ ok: true, main: true })).toEqual({ stale: false, shown: 1 });
  expect(await refresh({ ok: false, main: true })).toEqual({ stale: true, shown: 1 });
  expect(await refresh({ ok: true, main: true })).toEqual({ stale: false, shown: 2 });
  expect(await refresh('no response')).toEqual({ stale: true, shown: 2 });
  expect(await refresh({ ok: true, main: false })).toEqual({ stale: true, shown: 2 });
});

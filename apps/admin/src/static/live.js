// Keeps a page's main part fresh: asks for the same page again and puts its main part in place of the old one.
(() => {
  const main = document.querySelector('main[data-refresh]');
  if (!main) return;
  const everyMs = Number(main.dataset.refresh) * 1000;
  const parser = new DOMParser();
  async function refresh() {
    const busy = document.hidden || main.contains(document.activeElement?.closest('input, select, textarea') ?? null);
    if (!busy) {
      try {
        const answer = await fetch(location.href, {
          headers: { accept: 'text/html' },
          signal: AbortSignal.timeout(10000),
        });
        if (answer.redirected && new URL(answer.url).pathname === '/login') return location.assign('/login');
        const fresh = parser.parseFromString(await answer.text(), 'text/html').querySelector('main');
        // An answer that is a failure is no page: what is shown stays, and is old.
        document.body.classList.toggle('stale', !answer.ok || !fresh);
        if (answer.ok && fresh) {
          const open = [...main.querySelectorAll('details')].map((one) => one.open);
          main.replaceChildren(...fresh.childNodes);
          main.querySelectorAll('details').forEach((one, at) => {
            one.open = open[at] ?? one.open;
          });
          if (!fresh.dataset.refresh) return;
        }
      } catch {
        document.body.classList.add('stale');
      }
    }
    setTimeout(refresh, everyMs);
  }
  setTimeout(refresh, everyMs);
})();

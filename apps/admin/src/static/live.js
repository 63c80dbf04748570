// Reloads the main part of a page at an interval. It fetches the same page and replaces the old main part.
(() => {
  const main = document.querySelector('main[data-refresh]');
  if (!main) return;
  const everyMs = Number(main.dataset.refresh) * 1000;
  const parser = new DOMParser();
  async function refresh() {
    const busy = document.hidden || main.contains(document.activeElement?.closest('input, select, textarea') ?? null);
    if (!busy) {
      try {
        const response = await fetch(location.href, {
          headers: { accept: 'text/html' },
          signal: AbortSignal.timeout(10000),
        });
        if (response.redirected && new URL(response.url).pathname === '/login') return location.assign('/login');
        const fresh = parser.parseFromString(await response.text(), 'text/html').querySelector('main');
        // A failed response has no page: keep the old content and mark it as stale.
        document.body.classList.toggle('stale', !response.ok || !fresh);
        if (response.ok && fresh) {
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

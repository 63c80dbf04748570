/** The login form: one page without scripts. */
export function loginPage(error = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cardseal</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:100vh;margin:0;background:#f4f5f7;color:#1d2530}
form{background:#fff;padding:2rem;border-radius:.5rem;box-shadow:0 1px 4px #0003;width:min(20rem,90vw)}
h1{font-size:1.25rem;margin:0 0 1rem}label{display:block;margin:.75rem 0}
input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit;border:1px solid #aab;border-radius:.25rem}
button{width:100%;padding:.6rem;font:inherit;border:0;border-radius:.25rem;background:#1d4f91;color:#fff;cursor:pointer}
p{color:#a11;margin:.5rem 0}
</style></head>
<body><form method="post" action="/login"><h1>Cardseal operators</h1>
${error ? `<p role="alert">${error}</p>` : ''}
<label>User<input name="user" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form></body></html>`;
}

/** The login form. */
import { html } from '../pages/html.ts';
import { page } from '../pages/layout.ts';

/** @param token binds the form to the cookie that comes with it. */
export function loginPage(token: string, error = ''): string {
  const body = html`<div class="login"><form class="card" method="post" action="/login">
<input type="hidden" name="form_token" value="${token}">
<h1>Cardseal operators</h1>
${error && html`<p class="error" role="alert">${error}</p>`}
<label>User<input name="user" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form></div>`;
  return page({ title: 'Log in', place: null, session: null, body });
}

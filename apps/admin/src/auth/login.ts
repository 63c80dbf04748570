/** `POST /login` with user and password, as a form or JSON; the answer is a session cookie. */
import { hashPassword, passwordMatches } from '@cardseal/core/access';
import { HOUSE } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AdminContext } from '../context.ts';
import { loginPage } from './login-page.ts';

export const SESSION_COOKIE = 'cardseal_session';

const credentialsSchema = z.strictObject({ user: z.string().max(64), password: z.string().max(256) });

/** Guesses from one process in a row; each further one waits. Stretching makes every guess dear as it is. */
const MAX_CONCURRENT_LOGINS = 4;

export function loginRoutes(app: FastifyInstance, context: AdminContext): void {
  const { config, ledger, log, sessions } = context;
  // An unknown user costs as much as a wrong password, so that names cannot be told by time.
  const decoy = hashPassword('no operator has this password');
  let running = 0;

  app.get('/login', async (_request, reply) => reply.type('text/html; charset=utf-8').send(loginPage()));

  app.post('/login', async (request, reply) => {
    if (running >= MAX_CONCURRENT_LOGINS) return reply.code(429).header('retry-after', 1).send({ code: 'busy' });
    const parsed = credentialsSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ code: 'invalid_request' });
    const { user, password } = parsed.data;
    running++;
    try {
      const admin = /^[a-z0-9._-]{1,40}$/.test(user) ? await ledger.admins.get(HOUSE, user) : null;
      const matches = await passwordMatches(password, admin?.value.password ?? (await decoy));
      const wantsPage = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
      if (!admin || !matches) {
        log.warn('admin.login_refused', { request_id: request.id });
        if (wantsPage)
          return reply.code(401).type('text/html; charset=utf-8').send(loginPage('Wrong user or password.'));
        return reply.code(401).send({ code: 'unauthorized' });
      }
      log.info('admin.login', { admin: user });
      const cookie = sessions.issue({ user, role: admin.value.role });
      reply.setCookie(SESSION_COOKIE, cookie, {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: config.CARDSEAL_ENV === 'production',
        maxAge: config.SESSION_MINUTES * 60,
      });
      return wantsPage ? reply.redirect('/', 303) : reply.send({ user, role: admin.value.role });
    } finally {
      running--;
    }
  });

  app.post('/logout', async (_request, reply) =>
    reply.clearCookie(SESSION_COOKIE, { path: '/' }).redirect('/login', 303),
  );
}

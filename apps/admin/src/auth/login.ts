/** `POST /login` takes user and password as a form or as JSON, and sets a session cookie. `POST /logout` ends it. */
import { findAdmin, hashPassword, passwordMatches } from '@cardseal/core/access';
import { describeError } from '@cardseal/core/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AdminContext } from '../context.ts';
import { FORM_COOKIE, FORM_TOKEN_S } from './form-token.ts';
import { loginPage } from './login-page.ts';
import { originOf } from './origin.ts';
import type { Session } from './session.ts';
import { createLoginThrottle } from './throttle.ts';

export const SESSION_COOKIE = 'cardseal_session';

const credentialsSchema = z.strictObject({
  user: z.string().max(64),
  password: z.string().max(256),
  form_token: z.string().max(128).optional(),
});

/** Password checks that run at the same time. Each check uses one CPU core for a while. */
const MAX_CONCURRENT_LOGINS = 4;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: registers the three routes of one login, which share its throttle.
export function loginRoutes(app: FastifyInstance, context: AdminContext): void {
  const { config, ledger, log, sessions, endedSessions, formTokens, clock } = context;
  const throttle = createLoginThrottle(clock);
  // An unknown user takes as long as a wrong password, so that timing does not reveal which names exist.
  const decoy = hashPassword('no operator has this password');
  let running = 0;

  async function check(user: string, password: string): Promise<Session | null> {
    const admin = await findAdmin(ledger, user);
    const matches = await passwordMatches(password, admin?.value.password ?? (await decoy));
    return admin && matches ? { user, role: admin.value.role, version: admin.version } : null;
  }

  app.get('/login', async (request, reply) => {
    const { expired } = request.query as { expired?: string };
    return sendPage(reply, 200, expired === undefined ? '' : 'The form was too old, or its cookie is missing.');
  });

  app.post('/login', async (request, reply) => {
    const parsed = credentialsSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ code: 'invalid_request' });
    const { user, password, form_token: token } = parsed.data;
    const isUnknown = originOf(request.headers, request.host) === 'unknown';
    if (isUnknown && !formTokens.isValid(request.cookies[FORM_COOKIE], token)) return withoutToken(request, reply);
    const waitMs = running >= MAX_CONCURRENT_LOGINS ? 1000 : throttle.waitMs(user, request.ip);
    if (waitMs > 0) return tooMany(request, reply, waitMs);
    running++;
    try {
      const session = await check(user, password);
      if (!session) {
        throttle.failed(user, request.ip);
        log.warn('admin.login_refused', { request_id: request.id });
        return refused(request, reply);
      }
      throttle.succeeded(user, request.ip);
      log.info('admin.login', { admin: user });
      // The login succeeds without an audit entry: operators log in to see why the object store is down.
      await ledger.operators.audit
        .append({ who: user, role: session.role, action: 'login', target: {}, reason: null })
        .catch((error) => log.error('admin.audit_failed', { admin: user, ...describeError(error) }));
      reply.setCookie(SESSION_COOKIE, sessions.issue(session), {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: config.CARDSEAL_ENV === 'production',
        maxAge: config.SESSION_MINUTES * 60,
      });
      return isForm(request) ? reply.redirect('/', 303) : reply.send({ user, role: session.role });
    } finally {
      running--;
    }
  });

  function refused(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (isForm(request)) return sendPage(reply, 401, 'Wrong user or password.');
    return reply.code(401).send({ code: 'unauthorized' });
  }

  function tooMany(request: FastifyRequest, reply: FastifyReply, waitMs: number): FastifyReply {
    const waitS = Math.ceil(waitMs / 1000);
    reply.header('retry-after', waitS);
    if (isForm(request)) return sendPage(reply, 429, `Too many attempts: try again in ${waitS} s.`);
    return reply.code(429).send({ code: 'too_many_logins' });
  }

  function sendPage(reply: FastifyReply, status: number, error = ''): FastifyReply {
    const { cookie, token } = formTokens.issue();
    reply.setCookie(FORM_COOKIE, cookie, {
      path: '/login',
      httpOnly: true,
      sameSite: 'strict',
      secure: config.CARDSEAL_ENV === 'production',
      maxAge: FORM_TOKEN_S,
    });
    return reply.code(status).type('text/html; charset=utf-8').send(loginPage(token, error));
  }

  app.post('/logout', async (request, reply) => {
    const session = request.session!;
    await endedSessions
      .end(session)
      .catch((error) => log.warn('admin.logout_not_kept', { admin: session.user, ...describeError(error) }));
    return reply.clearCookie(SESSION_COOKIE, { path: '/' }).redirect('/login', 303);
  });
}

/** Refuses the login. A browser gets a new form with a valid token. */
function withoutToken(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isForm(request)) return reply.redirect('/login?expired', 303);
  return reply.code(403).send({ code: 'foreign_origin' });
}

/** True for forms of the admin pages, false for programs. */
export function isForm(request: FastifyRequest): boolean {
  return request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
}

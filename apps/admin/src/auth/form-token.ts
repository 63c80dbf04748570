/**
 * The token of the login form: it proves that this admin sent the form to this browser. It is needed where the browser
 * does not name the origin of a request. It is bound to a cookie and valid for a short time.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';

/** Set with the form, and sent by the browser to `/login` alone. */
export const FORM_COOKIE = 'cardseal_login_form';
export const FORM_TOKEN_S = 60 * 60;

export interface FormTokens {
  issue(): { cookie: string; token: string };
  isValid(cookie: string | undefined, token: string | undefined): boolean;
}

/** @param key returns 32 bytes; called at each use. */
export function createFormTokens(key: () => Buffer, clock: Clock): FormTokens {
  const mac = (cookie: string, until: string) =>
    createHmac('sha256', key()).update(`login form\n${cookie}\n${until}`).digest();

  return {
    issue() {
      const cookie = randomBytes(16).toString('base64url');
      const until = String(clock.now() + FORM_TOKEN_S * 1000);
      return { cookie, token: `${until}.${mac(cookie, until).toString('base64url')}` };
    },
    isValid(cookie = '', token = '') {
      const [until = '', given = ''] = token.split('.');
      const expected = mac(cookie, until);
      const actual = Buffer.from(given, 'base64url');
      if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return false;
      return cookie !== '' && Number(until) > clock.now();
    },
  };
}

import { ManualClock } from '@cardseal/base/clock';
import { describe, expect, it } from 'vitest';
import { createFormTokens, FORM_TOKEN_S } from './form-token.ts';

describe('the token of the login form', () => {
  const clock = new ManualClock(1_000_000);
  const tokens = createFormTokens(() => Buffer.alloc(32, 1), clock);

  it('is valid with the cookie that came with it', () => {
    const { cookie, token } = tokens.issue();
    expect(tokens.isValid(cookie, token)).toBe(true);
  });

  it('is not valid without its cookie, with another one, or changed', () => {
    const { cookie, token } = tokens.issue();
    const later = `${Number(token.split('.')[0]) + 1}.${token.split('.')[1]}`;
    const wrong = [
      tokens.isValid(undefined, token),
      tokens.isValid('', token),
      tokens.isValid(tokens.issue().cookie, token),
      tokens.isValid(cookie, undefined),
      tokens.isValid(cookie, later),
      tokens.isValid(cookie, '.'),
      createFormTokens(() => Buffer.alloc(32, 2), clock).isValid(cookie, token),
    ];
    expect(wrong).not.toContain(true);
  });

  it('expires', () => {
    const { cookie, token } = tokens.issue();
    clock.advance(FORM_TOKEN_S * 1000);
    expect(tokens.isValid(cookie, token)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { originOf } from './origin.ts';

describe('the origin of a change', () => {
  it.each([
    ['https://admin.bank.example', 'admin.bank.example', 'own'],
    ['https://admin.bank.example', 'admin.bank.example:443', 'own'],
    ['https://admin.bank.example', 'ADMIN.bank.example', 'own'],
    ['http://admin.bank.example', 'admin.bank.example:80', 'own'],
    ['https://admin.bank.example:8443', 'admin.bank.example:8443', 'own'],
    ['http://[::1]:3001', '[::1]:3001', 'own'],
    ['https://admin.bank.example', 'admin.bank.example:80', 'foreign'],
    ['http://admin.bank.example', 'admin.bank.example:443', 'foreign'],
    ['https://admin.bank.example:8443', 'admin.bank.example', 'foreign'],
    ['https://evil.example', 'admin.bank.example', 'foreign'],
    ['https://admin.bank.example.evil.example', 'admin.bank.example', 'foreign'],
    ['file://', '', 'foreign'],
    ['data:text/html,x', '', 'foreign'],
    ['nonsense', 'admin.bank.example', 'foreign'],
    ['null', 'admin.bank.example', 'unknown'],
  ])('%s for the host %s is %s', (origin, host, expected) => {
    expect(originOf({ origin }, host)).toBe(expected);
  });

  it('is read from Sec-Fetch-Site where the browser sends it, whatever else it sends', () => {
    expect(originOf({ 'sec-fetch-site': 'same-origin', origin: 'null' }, 'x')).toBe('own');
    expect(originOf({ 'sec-fetch-site': 'none' }, 'x')).toBe('own');
    for (const site of ['cross-site', 'same-site', 'other'])
      expect(originOf({ 'sec-fetch-site': site, origin: 'https://x' }, 'x')).toBe('foreign');
  });

  it('is own for a program, which sends neither header', () => {
    expect(originOf({}, 'x')).toBe('own');
  });
});

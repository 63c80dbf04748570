import { expect, it } from 'vitest';
import { withoutForeignLinks } from './routes.ts';

it('removes links to other hosts from a page and keeps its own', () => {
  const own = '<link rel="stylesheet" href="static/css/main.css"><script src="static/js/main.js"></script>';
  const foreign = '<link href="https://fonts.googleapis.com/css2?family=IBM" rel="stylesheet">';
  expect(withoutForeignLinks(`<head>${foreign}${own}</head>`)).toBe(`<head>${own}</head>`);
});

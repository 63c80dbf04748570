import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseForm } from './form.ts';

it('parses what URLSearchParams writes', () => {
  const fields = fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fields, (values) => {
      const form = parseForm(Buffer.from(new URLSearchParams(values).toString()));
      for (const [name, value] of Object.entries(values)) expect(form.text(name)).toBe(value);
    }),
  );
});

it('decodes base64 only if it was escaped', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      const form = (value: string) => parseForm(Buffer.from(`a=1&image=${value}`));
      expect(form(encodeURIComponent(text)).base64('image')).toEqual(Buffer.from(bytes));
      expect(form(encodeURIComponent(text)).encodedBytes('image')).toBe(encodeURIComponent(text).length);
      if (text.includes('+')) expect(form(text).base64('image')).toBeUndefined();
    }),
  );
});

it('keeps invalid escapes unchanged and returns an empty text for an absent field', () => {
  const form = parseForm(Buffer.from('a=%zz%4&b&=c&d=x=y'));
  expect([form.text('a'), form.text('b'), form.has('b'), form.text('d')]).toEqual(['%zz%4', '', true, 'x=y']);
  expect([form.has('e'), form.text('e'), form.encodedBytes('e')]).toEqual([false, '', 0]);
});

/**
 * How long an image becomes on its way to the provider: encrypted, base64, urlencoded. An upper bound for planning,
 * before there is a ciphertext; the step that sends still measures the real length.
 */

/** PKCS#7 and a prefixed IV, the largest of the cipher suites that can be configured. */
const cipherOverheadBytes = 32;

/** Six standard deviations: one image in a billion. */
const deviations = 6;

/**
 * Ciphertext is random, so each base64 character is `+` or `/` with probability 1/32 and then grows by two characters;
 * the padding `=` grows too. Mean growth is 1.0625, and the bound adds six standard deviations of the binomial.
 *
 * The exception is repetition under ECB: equal blocks of a flat bitmap encrypt equally, and then one unlucky pattern
 * repeats all along. Callers pass `repetitive` for uncompressed images, and one pattern of 64 characters is bounded
 * instead (at most 18 of 64 escaped: one key in a million sees more).
 *
 * @param rawBytes the size of the image before encryption
 * @returns characters of the form field's value, never below the real length but for one case in a billion
 */
export function encodedLengthBound(rawBytes: number, repetitive = false): number {
  const base64Chars = 4 * Math.ceil((rawBytes + cipherOverheadBytes) / 3);
  const escapes = repetitive
    ? base64Chars * (18 / 64) + 18
    : base64Chars / 32 + deviations * Math.sqrt((base64Chars * 31) / 32 / 32) + 10;
  return base64Chars + 2 * Math.ceil(Math.min(escapes, base64Chars));
}

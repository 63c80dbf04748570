/** `receipt verify <file>`: verifies the signature of an erasure receipt offline, with a public key. */
import { type JsonWebKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RejectedError } from '@cardseal/base/errors';
import { type Output, printJson } from '../support/print.ts';

interface Receipt {
  receipt: string;
  public_key?: JsonWebKey;
}

/** Throws RejectedError `receipt_invalid` or `public_key_missing`. */
export function verifyReceiptCommand(file: string, { publicKey, json }: Output & { publicKey?: string }): void {
  const { receipt, public_key } = readReceipt(readFileSync(file, 'utf8'));
  const key = publicKey ? (JSON.parse(readFileSync(publicKey, 'utf8')) as JsonWebKey) : public_key;
  if (!key) throw new RejectedError('public_key_missing');
  const statement = verifyReceipt(receipt, key);
  if (!publicKey)
    process.stderr.write('verified with the key in the file: compare that key with the one that you trust\n');
  if (json) {
    printJson(statement);
    return;
  }
  for (const [name, value] of Object.entries(statement)) {
    process.stdout.write(`${name.padEnd(14)}${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
  }
}

export function verifyReceipt(receipt: string, publicKey: JsonWebKey): Record<string, unknown> {
  const [head, body, signature, more] = receipt.trim().split('.');
  if (!head || !body || !signature || more !== undefined) throw new RejectedError('receipt_invalid');
  try {
    const { alg, typ } = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>;
    const signed = Buffer.from(`${head}.${body}`);
    const key = { key: publicKey as never, format: 'jwk' as const };
    const good = publicKey.crv === 'Ed25519' && verify(null, signed, key, Buffer.from(signature, 'base64url'));
    if (alg === 'EdDSA' && typ === 'cardseal-erasure+jws' && good) {
      return JSON.parse(Buffer.from(body, 'base64url').toString());
    }
  } catch (cause) {
    throw new RejectedError('receipt_invalid', { cause });
  }
  throw new RejectedError('receipt_invalid');
}

/** Reads the API's response, or the compact JWS alone. */
function readReceipt(text: string): Receipt {
  return text.trimStart().startsWith('{') ? (JSON.parse(text) as Receipt) : { receipt: text };
}

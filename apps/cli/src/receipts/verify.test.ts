import { createLedger } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { verifyReceipt } from './verify.ts';

async function issued(fill: number) {
  const { receipts } = createLedger({
    store: memoryObjectStore(),
    master: localMasterKey(Buffer.alloc(32, fill)),
  }).jobs;
  const tombstone = {
    v: 1,
    reason: 'request',
    generation: 1,
    createdAtMs: 0,
    erasedAtMs: 1,
    endpointIds: null,
  } as const;
  const record = { v: 1, completedAtMs: 2, removed: { keys: 1 } } as const;
  const job = 'job_00000000000000000000000001';
  return { receipt: await receipts.issue('bank', job, tombstone, record), key: await receipts.publicKey() };
}

describe('an erasure receipt', () => {
  it('is verified with its public key', async () => {
    const { receipt, key } = await issued(1);
    expect(verifyReceipt(receipt, key)).toMatchObject({ tenant: 'bank', reason: 'request', removed: { keys: 1 } });
  });

  it('is refused with a changed byte, another key or another type', async () => {
    const { receipt, key } = await issued(1);
    const [head, body, signature] = receipt.split('.') as [string, string, string];
    const other = Buffer.from(body, 'base64url').toString().replace('bank', 'bonk');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'cardseal-erasure+jws' })).toString('base64url');
    for (const forged of [
      `${head}.${Buffer.from(other).toString('base64url')}.${signature}`,
      `${unsigned}.${body}.${signature}`,
      `${head}.${body}.`,
      `${head}.${body}`,
      'nonsense',
    ]) {
      expect(() => verifyReceipt(forged, key)).toThrow('receipt_invalid');
    }
    expect(() => verifyReceipt(receipt, { kty: 'oct', k: 'AAAA' })).toThrow('receipt_invalid');
    expect((await issued(2)).key).not.toEqual(key);
    const stranger = (await issued(2)).key;
    expect(() => verifyReceipt(receipt, stranger)).toThrow('receipt_invalid');
  });
});

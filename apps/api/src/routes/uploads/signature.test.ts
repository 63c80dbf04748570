import { ManualClock } from '@cardseal/base/clock';
import { expect, it } from 'vitest';
import { createKnownTenants } from './known-tenants.ts';
import { signedPath, verifiedClaims } from './signature.ts';

const ID = 'upl_01J00000000000000000000000' as never;
const claims = { tenant: 'bank', id: ID, contentType: 'image/jpeg', sizeBytes: 10, expiresAtMs: 5000 };

function parts() {
  const clock = new ManualClock(1000);
  const seen = { lists: 0, signed: [] as string[] };
  const ledger = {
    tenants: {
      records: {
        ids: async () => {
          seen.lists++;
          return ['bank'];
        },
      },
    },
    intake: {
      uploads: {
        sign: async (tenant: string) => {
          seen.signed.push(tenant);
          return 'a'.repeat(64);
        },
      },
    },
  };
  return { clock, seen, ledger: ledger as never, isTenant: createKnownTenants(ledger as never, clock) };
}

it('a URL is verified for a tenant that exists', async () => {
  const { ledger, isTenant } = parts();
  const [, query = ''] = (await signedPath(ledger, claims)).split('?');
  const given = Object.fromEntries(new URLSearchParams(query));
  expect(await verifiedClaims(ledger, isTenant, `bank.${ID}`, given)).toEqual(claims);
  const forged = { ...given, signature: 'b'.repeat(64) };
  expect(await verifiedClaims(ledger, isTenant, `bank.${ID}`, forged)).toBeNull();
});

it('invented tenants get no key, and cost the store one list a second', async () => {
  const { clock, seen, ledger, isTenant } = parts();
  const query = { type: 'image/jpeg', size: '10', expires: '5000', signature: 'a'.repeat(64) };
  for (let n = 0; n < 50; n++) expect(await verifiedClaims(ledger, isTenant, `made-up-${n}.${ID}`, query)).toBeNull();
  expect(seen).toEqual({ lists: 1, signed: [] });
  clock.advance(1000);
  await verifiedClaims(ledger, isTenant, `made-up.${ID}`, query);
  expect(seen).toEqual({ lists: 2, signed: [] });
});

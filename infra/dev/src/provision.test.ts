import { ManualClock } from '@cardseal/base/clock';
import { createApiKey, createTenant, parseApiKey } from '@cardseal/core/access';
import { createLedger, SCOPES, type Scope } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { grantAllScopes } from './provision.ts';

describe('the development key', () => {
  it('gets scopes that are newer than its data folder', async () => {
    const clock = new ManualClock(1_000_000);
    const ledger = createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32, 7)), clock });
    await createTenant(ledger, clock, 'dev', 'Development');
    const scopes: Scope[] = ['jobs:write', 'jobs:read'];
    const { key } = await createApiKey(ledger, clock, { tenant: 'dev', env: 'dev', scopes });
    const record = () => ledger.tenants.apiKeys.get('dev', parseApiKey(key)!.id);
    await grantAllScopes(ledger, key);
    const { version, value } = (await record())!;
    expect(value.scopes).toEqual([...SCOPES]);
    await grantAllScopes(ledger, key);
    expect((await record())!.version).toBe(version);
  });
});

import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { createLedger, SYSTEM_TENANT } from '../ledger/index.ts';
import { passwordMatches } from './password.ts';
import { changeAdmin, createAdmin, findAdmin, listAdmins, removeAdmin } from './provisioning.ts';

const PASSWORD = 'a long enough password';
const li = { user: 'li', password: PASSWORD, role: 'viewer' } as const;

function setUp() {
  const store = memoryObjectStore();
  const clock = new ManualClock(1_000_000);
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock });
  const versions = () =>
    [...store.objects.keys()].filter((key) => key.startsWith(`admins/${SYSTEM_TENANT}/li/`)).length;
  return { ledger, clock, versions };
}

describe('an operator', () => {
  it('is changed in role and password, each as a new version', async () => {
    const { ledger, clock, versions } = setUp();
    await createAdmin(ledger, clock, li);
    expect(await changeAdmin(ledger, 'li', { role: 'owner' })).toMatchObject({ version: 2, value: { role: 'owner' } });
    expect(await passwordMatches(PASSWORD, (await findAdmin(ledger, 'li'))!.value.password)).toBe(true);
    const { version, value } = await changeAdmin(ledger, 'li', { password: 'another long password' });
    expect([version, value.role]).toEqual([3, 'owner']);
    expect(await passwordMatches(PASSWORD, value.password)).toBe(false);
    expect(await passwordMatches('another long password', value.password)).toBe(true);
    expect(versions()).toBe(1);
  });

  it('cannot log in once removed, and keeps no password', async () => {
    const { ledger, clock } = setUp();
    await createAdmin(ledger, clock, li);
    await removeAdmin(ledger, clock, 'li');
    expect(await findAdmin(ledger, 'li')).toBeNull();
    expect(await listAdmins(ledger)).toEqual([]);
    expect((await ledger.operators.admins.get(SYSTEM_TENANT, 'li'))!.value.password).toBe('');
    await expect(changeAdmin(ledger, 'li', { role: 'owner' })).rejects.toMatchObject({ code: 'admin_not_found' });
    await expect(removeAdmin(ledger, clock, 'li')).rejects.toMatchObject({ code: 'admin_not_found' });
  });

  it('may be created again under the same name, as the next version of the record', async () => {
    const { ledger, clock } = setUp();
    await createAdmin(ledger, clock, li);
    await expect(createAdmin(ledger, clock, li)).rejects.toMatchObject({ code: 'admin_exists' });
    await removeAdmin(ledger, clock, 'li');
    await createAdmin(ledger, clock, { ...li, role: 'operator' });
    expect(await findAdmin(ledger, 'li')).toMatchObject({ version: 3, value: { role: 'operator' } });
    await expect(createAdmin(ledger, clock, li)).rejects.toMatchObject({ code: 'admin_exists' });
  });

  it('has a name that is unique in the audit log, and a password of a minimum length', async () => {
    const { ledger, clock } = setUp();
    for (const user of ['cli', 'machine', '../li', 'Li', '']) {
      await expect(createAdmin(ledger, clock, { ...li, user })).rejects.toMatchObject({ code: 'admin_id_invalid' });
    }
    const short = { code: 'password_too_short' };
    await expect(createAdmin(ledger, clock, { ...li, password: 'short' })).rejects.toMatchObject(short);
    await createAdmin(ledger, clock, li);
    await expect(changeAdmin(ledger, 'li', { password: 'short' })).rejects.toMatchObject(short);
  });
});

/** Creates tenants and operators directly in the ledger: no other process needs to run. */
import type { Clock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import { type AdminRecord, type Ledger, SYSTEM_TENANT, type Versioned } from '../ledger/index.ts';
import { hashPassword } from './password.ts';

const TENANT_ID = /^[a-z0-9][a-z0-9-]{1,39}$/;
const ADMIN_ID = /^[a-z0-9][a-z0-9._-]{0,39}$/;
/** Names that the audit log uses for other actors. */
const NOT_FOR_PEOPLE = ['cli', 'machine'];
const SHORTEST_PASSWORD = 12;

/** Throws RejectedError `tenant_id_invalid`. */
export function checkTenantId(id: string): void {
  if (!TENANT_ID.test(id)) throw new RejectedError('tenant_id_invalid');
}

/** Throws RejectedError `tenant_id_invalid` or `tenant_exists`. */
export async function createTenant(ledger: Ledger, clock: Clock, id: string, name: string): Promise<void> {
  checkTenantId(id);
  const created = await ledger.tenants.records.create(SYSTEM_TENANT, id, { name, createdAtMs: clock.now() });
  if (!created) throw new RejectedError('tenant_exists', { fields: { tenant: id } });
}

/** Throws RejectedError `admin_id_invalid`. */
export function checkAdminId(user: string): void {
  if (!ADMIN_ID.test(user) || NOT_FOR_PEOPLE.includes(user)) throw new RejectedError('admin_id_invalid');
}

/** Throws RejectedError `password_too_short`. */
export function checkPassword(password: string): void {
  if (password.length < SHORTEST_PASSWORD) throw new RejectedError('password_too_short');
}

/** null when no operator has the name, or the operator was removed. */
export async function findAdmin(ledger: Ledger, user: string): Promise<Versioned<AdminRecord> | null> {
  const found = ADMIN_ID.test(user) ? await ledger.operators.admins.get(SYSTEM_TENANT, user) : null;
  return found && found.value.removedAtMs === undefined ? found : null;
}

export async function listAdmins(ledger: Ledger): Promise<Versioned<AdminRecord>[]> {
  return (await ledger.operators.admins.list(SYSTEM_TENANT)).filter(({ value }) => value.removedAtMs === undefined);
}

/** Throws RejectedError `admin_id_invalid`, `password_too_short` or `admin_exists`. */
export async function createAdmin(
  ledger: Ledger,
  clock: Clock,
  admin: { user: string; password: string; role: AdminRecord['role'] },
): Promise<void> {
  const { user, role } = admin;
  checkAdminId(user);
  checkPassword(admin.password);
  const record = { password: await hashPassword(admin.password), role, createdAtMs: clock.now() };
  const before = await ledger.operators.admins.get(SYSTEM_TENANT, user);
  if (!before) {
    if (!(await ledger.operators.admins.create(SYSTEM_TENANT, user, record))) throw new RejectedError('admin_exists');
    return;
  }
  // An operator with this name was removed: the record continues, so that no earlier session becomes valid again.
  await ledger.operators.admins.change(SYSTEM_TENANT, user, ({ removedAtMs }) => {
    if (removedAtMs === undefined) throw new RejectedError('admin_exists');
    return record;
  });
}

/** Ends every session of the operator. Throws RejectedError `password_too_short` or `admin_not_found`. */
export async function changeAdmin(
  ledger: Ledger,
  user: string,
  { role, password }: { role?: AdminRecord['role'] | undefined; password?: string | undefined },
): Promise<Versioned<AdminRecord>> {
  if (password !== undefined) checkPassword(password);
  const stretched = password === undefined ? {} : { password: await hashPassword(password) };
  return replaceAdmin(ledger, user, (value) => ({ ...value, ...stretched, ...(role ? { role } : {}) }));
}

/** From then on the login is refused, and every session ends. Throws RejectedError `admin_not_found`. */
export async function removeAdmin(ledger: Ledger, clock: Clock, user: string): Promise<void> {
  await replaceAdmin(ledger, user, (value) => ({ ...value, password: '', removedAtMs: clock.now() }));
}

async function replaceAdmin(ledger: Ledger, user: string, change: (value: AdminRecord) => AdminRecord) {
  const changed = await ledger.operators.admins.change(SYSTEM_TENANT, user, (value) => {
    if (value.removedAtMs !== undefined) throw new RejectedError('admin_not_found');
    return change(value);
  });
  if (!changed) throw new RejectedError('admin_not_found');
  // A replaced password hash is not kept.
  await ledger.operators.admins.forgetOlder(SYSTEM_TENANT, user);
  return changed;
}

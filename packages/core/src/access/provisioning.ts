/** First tenants and operators, straight in the ledger: nothing has to run for them to be made. */
import type { Clock } from '../clock/index.ts';
import { RejectedError } from '../errors/index.ts';
import { type AdminRecord, HOUSE, type Ledger } from '../ledger/index.ts';
import { hashPassword } from './password.ts';

const TENANT_ID = /^[a-z0-9][a-z0-9-]{1,39}$/;
const ADMIN_ID = /^[a-z0-9][a-z0-9._-]{0,39}$/;

/** Throws RejectedError `tenant_id_invalid` or `tenant_exists`. */
export async function createTenant(ledger: Ledger, clock: Clock, id: string, name: string): Promise<void> {
  if (!TENANT_ID.test(id)) throw new RejectedError('tenant_id_invalid');
  const created = await ledger.tenants.create(HOUSE, id, { name, createdAtMs: clock.now() });
  if (!created) throw new RejectedError('tenant_exists', { fields: { tenant: id } });
}

/** Throws RejectedError `admin_id_invalid`, `password_too_short` or `admin_exists`. */
export async function createAdmin(
  ledger: Ledger,
  clock: Clock,
  admin: { user: string; password: string; role: AdminRecord['role'] },
): Promise<void> {
  if (!ADMIN_ID.test(admin.user)) throw new RejectedError('admin_id_invalid');
  if (admin.password.length < 12) throw new RejectedError('password_too_short');
  const record = { password: await hashPassword(admin.password), role: admin.role, createdAtMs: clock.now() };
  if (!(await ledger.admins.create(HOUSE, admin.user, record))) throw new RejectedError('admin_exists');
}

/** `admin create|list|set|remove`: manages operators directly in the ledger. No other process has to run. */

import { systemClock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import {
  changeAdmin,
  checkAdminId,
  checkPassword,
  createAdmin,
  findAdmin,
  listAdmins,
  removeAdmin,
} from '@cardseal/core/access';
import type { Env } from '@cardseal/core/config';
import type { AdminRecord, Ledger } from '@cardseal/core/ledger';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson, printTable } from '../support/print.ts';

type Role = AdminRecord['role'];

export async function createAdminCommand(env: Env, user: string, { role }: { role: Role }): Promise<void> {
  checkAdminId(user);
  const password = await readPassword();
  const { ledger } = openLedgerOf(env);
  if (await findAdmin(ledger, user)) throw new RejectedError('admin_exists');
  const entry = { action: 'admin.create', target: { admin: user }, reason: null, detail: { role } } as const;
  await audited(ledger, entry, () => createAdmin(ledger, systemClock, { user, password, role }));
  process.stdout.write(`operator ${user} created\n`);
}

export async function listAdminsCommand(env: Env, { json }: Output): Promise<void> {
  const admins = (await listAdmins(openLedgerOf(env).ledger)).map(({ id, value }) => ({
    user: id,
    role: value.role,
    created_at: new Date(value.createdAtMs).toISOString(),
  }));
  if (json) for (const admin of admins) printJson(admin);
  else printTable(['user', 'role', 'created'], admins.map(Object.values));
}

export async function setAdminCommand(
  env: Env,
  user: string,
  change: { role?: Role; password?: boolean },
): Promise<void> {
  if (change.role === undefined && !change.password) throw new RejectedError('nothing_to_change');
  const { ledger } = openLedgerOf(env);
  const { role } = await known(ledger, user);
  const password = change.password ? await readPassword() : undefined;
  const detail = { role: change.role ?? role, password: password !== undefined };
  const entry = { action: 'admin.change', target: { admin: user }, reason: null, detail } as const;
  await audited(ledger, entry, () => changeAdmin(ledger, user, { role: change.role, password }));
  process.stdout.write(`operator ${user} changed\n`);
}

export async function removeAdminCommand(env: Env, user: string): Promise<void> {
  const { ledger } = openLedgerOf(env);
  await known(ledger, user);
  const entry = { action: 'admin.remove', target: { admin: user }, reason: null } as const;
  await audited(ledger, entry, () => removeAdmin(ledger, systemClock, user));
  process.stdout.write(`operator ${user} removed\n`);
}

/** Throws RejectedError `admin_not_found`, so that a command on a missing operator gets no audit entry. */
async function known(ledger: Ledger, user: string): Promise<AdminRecord> {
  const found = await findAdmin(ledger, user);
  if (!found) throw new RejectedError('admin_not_found');
  return found.value;
}

/** Throws RejectedError `password_too_short`. */
async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('password (at least 12 characters, then Enter): ');
  const password = await firstLineOfStdin();
  checkPassword(password);
  return password;
}

async function firstLineOfStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

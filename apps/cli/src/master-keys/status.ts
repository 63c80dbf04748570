/** `keys status|add-master|drop-master`: shows and changes the master keys by name. It never prints their bytes. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { RejectedError } from '@cardseal/base/errors';
import { type Env, readSecretFile } from '@cardseal/core/config';
import type { Ledger } from '@cardseal/core/ledger';
import { fingerprint, MASTER_KEY_BYTES, splitMasterKeys, UNNAMED } from '@cardseal/sealing';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson, printTable } from '../support/print.ts';

export async function statusCommand(env: Env, { json }: Output): Promise<void> {
  const status = await openLedgerOf(env).ledger.keys.status();
  const { master, trouble, wrappedBy, tenants } = status;
  if (json) printJson({ master, trouble, wrapped_by: wrappedBy, tenants });
  else {
    process.stdout.write(master ? `wraps: ${master}\n` : `the key service does not answer: ${trouble}\n`);
    const rows = Object.entries(wrappedBy).map(([name, count]) => [name, String(count)]);
    printTable(['master key', 'tenant keys wrapped'], rows);
  }
  if (trouble !== null) process.exitCode = 1;
}

interface Out extends Output {
  out?: string;
}

export function addMasterCommand(env: Env, { json, out }: Out): void {
  const { path, keys } = keyFileOf(env);
  const key = randomBytes(MASTER_KEY_BYTES);
  writeKeyFile(out ?? path, [key, ...keys]);
  const names = [key, ...keys].map(fingerprint);
  if (json) printJson({ file: out ?? path, wraps: names[0], opens: names.slice(1) });
  else process.stdout.write(`${names[0]} wraps, ${names.slice(1).join(', ')} open\n`);
}

/** Throws RejectedError `master_key_in_use` while it wraps a key, `master_key_not_found` or `master_key_last`. */
export async function dropMasterCommand(env: Env, name: string, { json, out }: Out): Promise<void> {
  const { path, keys } = keyFileOf(env);
  const left = keys.filter((key) => fingerprint(key) !== name);
  if (left.length === keys.length) throw new RejectedError('master_key_not_found');
  if (left.length === 0) throw new RejectedError('master_key_last');
  const { ledger } = openLedgerOf(env);
  await refuseInUse(ledger, name);
  const entry = { action: 'master_key.drop', target: { master: name }, reason: null } as const;
  await audited(ledger, entry, async () => {
    // Check again: writing the audit entry may have created a key of the system tenant, wrapped with this master key.
    await refuseInUse(ledger, name);
    writeKeyFile(out ?? path, left);
  });
  if (json) printJson({ file: out ?? path, dropped: name, left: left.map(fingerprint) });
  else process.stdout.write(`${name} removed; nothing was wrapped with it\n`);
}

async function refuseInUse({ keys }: Ledger, name: string): Promise<void> {
  const { wrappedBy } = await keys.status();
  const count = (wrappedBy[name] ?? 0) + (wrappedBy[UNNAMED] ?? 0);
  if (count > 0) throw new RejectedError('master_key_in_use', { fields: { name, count } });
}

function keyFileOf(env: Env): { path: string; keys: Buffer[] } {
  const path = env.MASTER_KEY_FILE;
  if (!path) throw new RejectedError('master_key_file_not_set');
  return { path, keys: splitMasterKeys(readSecretFile('MASTER_KEY_FILE', path)) };
}

/** Replaces the file atomically: a reader sees the old or the new file, never a part. */
function writeKeyFile(path: string, keys: readonly Buffer[]): void {
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, Buffer.concat(keys), { mode: 0o600 });
  renameSync(draft, path);
}

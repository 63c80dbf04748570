import { RejectedError } from '@cardseal/base/errors';
import { expect, it } from 'vitest';
import type { AuditEntry, AuditInput } from './entry.ts';
import { withAuditEntry } from './with-audit-entry.ts';

const input = { who: 'li', role: 'owner', action: 'key.revoke', target: { key: 'k' }, reason: 'it was lost' } as const;

function log(failing: number[] = []) {
  const entries: AuditInput[] = [];
  const append = async (appended: AuditInput) => {
    if (failing.includes(entries.push(appended))) throw new Error('the store is down');
    return { ...appended, seq: entries.length } as AuditEntry;
  };
  return { entries, audit: { append } };
}

it('writes the entry before the action, and a second one when the action fails', async () => {
  const { entries, audit } = log();
  const lost = () => {
    throw new Error('was written');
  };
  expect(await withAuditEntry(audit, input, async ({ seq }) => [seq, entries.length], lost)).toEqual([1, 1]);
  const failing = withAuditEntry(audit, input, () => Promise.reject(new RejectedError('key_not_found')), lost);
  await expect(failing).rejects.toMatchObject({ code: 'key_not_found' });
  expect(entries.slice(1)).toEqual([input, { ...input, reason: null, detail: { failed: 'key_not_found', of: 2 } }]);
});

it('does not run an action whose entry cannot be written', async () => {
  let done = false;
  const work = async () => {
    done = true;
  };
  await expect(withAuditEntry(log([1]).audit, input, work, () => {})).rejects.toThrow('down');
  expect(done).toBe(false);
});

it('rethrows the error of the action even if the second entry cannot be written', async () => {
  const lost: unknown[] = [];
  const failing = withAuditEntry(
    log([2]).audit,
    input,
    () => Promise.reject(new RejectedError('busy')),
    (error) => lost.push(error),
  );
  await expect(failing).rejects.toMatchObject({ code: 'busy' });
  expect(lost).toHaveLength(1);
});

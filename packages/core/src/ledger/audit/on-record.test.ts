import { RejectedError } from '@cardseal/base/errors';
import { expect, it } from 'vitest';
import type { AuditEntry, AuditInput } from './entry.ts';
import { onRecord } from './on-record.ts';

const deed = { who: 'li', role: 'owner', action: 'key.revoke', target: { key: 'k' }, reason: 'it was lost' } as const;

function log(failing: number[] = []) {
  const entries: AuditInput[] = [];
  const append = async (input: AuditInput) => {
    if (failing.includes(entries.push(input))) throw new Error('the store is away');
    return { ...input, seq: entries.length } as AuditEntry;
  };
  return { entries, audit: { append } };
}

it('writes the entry before the action, and a second one when the action fails', async () => {
  const { entries, audit } = log();
  const lost = () => {
    throw new Error('was written');
  };
  expect(await onRecord(audit, deed, async ({ seq }) => [seq, entries.length], lost)).toEqual([1, 1]);
  const failing = onRecord(audit, deed, () => Promise.reject(new RejectedError('key_not_found')), lost);
  await expect(failing).rejects.toMatchObject({ code: 'key_not_found' });
  expect(entries.slice(1)).toEqual([deed, { ...deed, reason: null, detail: { failed: 'key_not_found', of: 2 } }]);
});

it('what cannot be put on record is not done', async () => {
  let done = false;
  const work = async () => {
    done = true;
  };
  await expect(onRecord(log([1]).audit, deed, work, () => {})).rejects.toThrow('away');
  expect(done).toBe(false);
});

it('the second entry may be lost, the reason of the failure is not', async () => {
  const lost: unknown[] = [];
  const failing = onRecord(
    log([2]).audit,
    deed,
    () => Promise.reject(new RejectedError('busy')),
    (error) => lost.push(error),
  );
  await expect(failing).rejects.toMatchObject({ code: 'busy' });
  expect(lost).toHaveLength(1);
});

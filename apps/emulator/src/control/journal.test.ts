import { expect, it } from 'vitest';
import { createCallJournal } from './journal.ts';

it('keeps the maximum of admitted calls in any 1000 ms', () => {
  const journal = createCallJournal();
  for (const at of [0, 500, 999, 1000, 1499, 1500, 5000]) journal.admit(at);
  // 500, 999, 1000 and 1499 are within one second; 500 and 1500 are not.
  expect(journal.stats().max_in_any_second).toBe(4);
});

it('keeps the last 200,000 records in order', () => {
  const journal = createCallJournal();
  for (let at = 0; at < 200_003; at++) journal.open(at);
  const records = journal.records();
  expect([records.length, records[0]!.at, records.at(-1)!.at]).toEqual([200_000, 3, 200_002]);
  expect(journal.stats().calls).toBe(200_003);
});

it('counts a spoilt call as failed and a second success with an image as a duplicate', () => {
  const journal = createCallJournal();
  const end = (outcome: 'spoilt' | 'accepted', code: string | number) => {
    const record = journal.open(1);
    record.image_sha256 = 'same';
    journal.close(record, outcome, code);
  };
  end('spoilt', 'hang');
  end('accepted', 0);
  end('accepted', 0);
  expect(journal.stats()).toMatchObject({ failed: 1, accepted: 2, duplicates_by_image: 1, by_code: { hang: 1, 0: 2 } });
});

import { describe, expect, it } from 'vitest';
import { validated } from '../../http/problems/index.ts';
import { meaningOf } from './meaning.ts';
import { fromRequest } from './read-submission.ts';
import { jobRequestSchema } from './request-schema.ts';

const meaning = (body: unknown) => meaningOf(fromRequest(validated(jobRequestSchema, body)));
const front = { image: 'AAAA' };

describe('what a submission means', () => {
  it.each<[string, object, object]>([
    [
      'order of members',
      { front, reference: 'a', metadata: { x: '1', y: '2' } },
      { metadata: { y: '2', x: '1' }, reference: 'a', front },
    ],
    [
      'null and absent',
      { front, reference: null, back: null, options: { fit: null }, metadata: { x: null } },
      { front },
    ],
    ['a default that is written out', { front, priority: 'interactive', options: { detect_risk: true } }, { front }],
    [
      'order of members in a source',
      { front: { object: { bucket: 'abc', key: 'k' } } },
      { front: { object: { key: 'k', bucket: 'abc', version_id: null } } },
    ],
    [
      'order of endpoints',
      { front, endpoint_ids: ['we_1', 'we_2'] },
      { front, endpoint_ids: ['we_2', 'we_1', 'we_1'] },
    ],
  ])('does not change with: %s', (_what, one, other) => {
    expect(meaning(other)).toBe(meaning(one));
  });

  it.each<[string, object]>([
    ['another image', { front: { image: 'AAAB' } }],
    ['another side', { back: front }],
    ['a reference', { front, reference: 'a' }],
    ['an option', { front, options: { detect_risk: false } }],
    ['metadata', { front, metadata: { x: '1' } }],
    ['no endpoint', { front, endpoint_ids: [] }],
    ['an upload', { front: { upload_id: 'AAAA' } }],
  ])('changes with %s', (_what, other) => {
    expect(meaning(other)).not.toBe(meaning({ front }));
  });
});

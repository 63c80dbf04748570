/** Examples in the document. Tests send the requests unchanged and check the responses against the schemas. */

/** A grey PNG of 32 × 20 pixels: an accepted image without a card on it. */
const TINY_PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAUAQMAAADWX60MAAAAA1BMVEWIiIhYZW6zAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNgoD0AAABkAAHTeRGDAAAAAElFTkSuQmCC';

export const JOB_REQUEST = {
  front: { image: TINY_PICTURE },
  reference: 'application-4711',
  metadata: { branch: 'pudong' },
  options: { detect_photo: true },
};

export const QUEUED_JOB = {
  id: 'job_01JGFJJZ00D4W7T5Q8XMEY2RBN',
  generation: 1,
  state: 'queued',
  waiting_for: 'worker',
  estimated_start_at: null,
  reference: 'application-4711',
  metadata: { branch: 'pudong' },
  created_at: '2026-01-01T00:00:00.000Z',
  finished_at: null,
  sides: { front: { state: 'queued' } },
  attempts: [],
  deliveries: [],
};

/** A masked result of a person who does not exist. */
export const SUCCEEDED_JOB = {
  ...QUEUED_JOB,
  state: 'succeeded',
  waiting_for: null,
  finished_at: '2026-01-01T00:00:01.250Z',
  sides: { front: { state: 'recognized' } },
  attempts: [
    {
      side: 'front',
      at: '2026-01-01T00:00:00.900Z',
      class: 'accepted',
      code: null,
      latency_ms: 320,
      billed: 'yes',
    },
  ],
  result: {
    card: { name: '张**', sex: 'female', birth_date: '1990-**-**', id_number: '****************17' },
    sides: {
      front: {
        image_status: 'normal',
        direction: 'upright',
        risk: { type: 'normal' },
        fields: { name: { text: '张**' } },
        provider: 'baidu-idcard-enc',
      },
    },
    checks: [
      { code: 'image_status', outcome: 'pass', side: 'front' },
      { code: 'number_checksum', outcome: 'pass', side: 'front' },
    ],
    verdict: 'clear',
  },
};

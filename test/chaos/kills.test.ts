/** Kills processes at the failpoints around the paid call and the 202; `long/kills.test.ts` covers every failpoint. */
import { describe } from 'vitest';
import { describeDeaths } from './scenarios/kills.ts';

describe('killed processes', () =>
  describeDeaths({
    workerPoints: ['recognize.called', 'recognize.saved', 'announce.queued'],
    apiPoints: ['submit.sealed', 'submit.committed'],
    oftenMs: 5000,
  }));

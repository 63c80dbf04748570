/** Processes die at the points around what is paid for and what is promised; `long/kills.test.ts` leaves no point out. */
import { describe } from 'vitest';
import { describeDeaths } from './scenarios/kills.ts';

describe('processes die', () =>
  describeDeaths({
    workerPoints: ['recognize.called', 'recognize.saved', 'announce.queued'],
    apiPoints: ['submit.sealed', 'submit.committed'],
    oftenMs: 5000,
  }));

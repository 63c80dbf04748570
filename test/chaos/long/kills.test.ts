/** Kills processes between every two steps, and at random for a minute. Part of `npm run soak -- faults`. */
import { describe } from 'vitest';
import { API_POINTS, describeDeaths, WORKER_POINTS } from '../scenarios/kills.ts';

describe('processes die anywhere', () =>
  describeDeaths({ workerPoints: WORKER_POINTS, apiPoints: API_POINTS, oftenMs: 60_000 }));

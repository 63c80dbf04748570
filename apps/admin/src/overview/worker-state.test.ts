import { describe, expect, it } from 'vitest';
import { REPORT_WITHIN_MS, workerState } from './worker-state.ts';

const none = { alive: 0, starting: 0, connectedForMs: REPORT_WITHIN_MS };

describe('the state of the workers', () => {
  it('is running as soon as one worker reports, even while others start', () => {
    expect(workerState({ alive: 1, starting: 3, connectedForMs: 0 })).toBe('running');
  });

  it('is starting while a worker starts, or before workers had time to report', () => {
    expect(workerState({ ...none, starting: 1 })).toBe('starting');
    expect(workerState({ ...none, connectedForMs: REPORT_WITHIN_MS - 1 })).toBe('starting');
  });

  it('is none when workers had time to report and none did', () => {
    expect(workerState(none)).toBe('none');
  });
});

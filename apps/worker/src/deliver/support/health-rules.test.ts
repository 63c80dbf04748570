import type { EndpointRecord } from '@cardseal/core/ledger';
import { describe, expect, it } from 'vitest';
import { changed, DISABLE_AFTER_MS, FAILING_AFTER_MS, healthChange } from './health-rules.ts';

const endpoint = { state: 'enabled' } as EndpointRecord;
const lane = { streak: 3, firstFailureMs: 0 };

describe('an endpoint changes its health', () => {
  it('to failing after three failures in a row over a minute, not before', () => {
    expect(healthChange(endpoint, 'timeout', lane, FAILING_AFTER_MS - 1)).toBeNull();
    expect(healthChange(endpoint, 'timeout', { ...lane, streak: 2 }, FAILING_AFTER_MS)).toBeNull();
    expect(healthChange(endpoint, 'timeout', lane, FAILING_AFTER_MS)).toBe('failing');
  });

  it('once: a failing endpoint is not announced again, and recovers with its first success', () => {
    const failing = changed(endpoint, 'failing', 0, { class: 'timeout', status: null });
    expect(failing.health).toMatchObject({ state: 'failing', cause: { class: 'timeout', status: null } });
    expect(healthChange(failing, 'timeout', lane, FAILING_AFTER_MS)).toBeNull();
    expect(healthChange(failing, 'delivered', lane, 1)).toBe('recovered');
    const recovered = changed(failing, 'recovered', 1, { class: 'delivered', status: null });
    expect(recovered.health).toEqual({ state: 'healthy', sinceMs: 1, change: 2 });
    expect(healthChange(recovered, 'delivered', lane, 2)).toBeNull();
  });

  it('to disabled after five days of failures only, or after a 410 at once', () => {
    const failing = changed(endpoint, 'failing', 0, { class: 'timeout', status: null });
    expect(healthChange(failing, 'timeout', lane, DISABLE_AFTER_MS - 1)).toBeNull();
    expect(healthChange(failing, 'timeout', lane, DISABLE_AFTER_MS)).toBe('disabled');
    expect(changed(failing, 'disabled', 9, { class: 'timeout', status: null })).toMatchObject({
      state: 'disabled',
      disabledBy: 'failing',
    });
    expect(healthChange(endpoint, 'gone', { streak: 1, firstFailureMs: 0 }, 0)).toBe('disabled');
    const gone = changed(endpoint, 'disabled', 0, { class: 'gone', status: null });
    expect(gone).toMatchObject({ state: 'disabled', disabledBy: 'gone' });
    expect(healthChange(gone, 'gone', lane, 1)).toBeNull();
  });
});

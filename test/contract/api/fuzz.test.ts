import { describe, expect, it } from 'vitest';
import { fuzzApi } from '../../soak/fuzz-api/run.ts';

describe('a sample of the route fuzzing', () => {
  it('finds no 5xx, no hang and no undocumented response', async () => {
    const report = await fuzzApi(3000, 20260101);
    expect(report.violations).toEqual([]);
    expect(report.sent).toBe(3000);
    for (const status of [200, 202, 401, 403, 404, 422]) expect(report.byStatus).toHaveProperty(String(status));
  });
});

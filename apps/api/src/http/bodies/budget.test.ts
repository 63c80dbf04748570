import { describe, expect, it } from 'vitest';
import { createMemoryBudget } from './budget.ts';
import { bodyBudgetBytes } from './container-limit.ts';

const MIB = 2 ** 20;

describe('the memory budget of bodies', () => {
  it('refuses what does not fit and takes it once another request has ended', () => {
    const budget = createMemoryBudget(100);
    const [first, second] = [budget.open(), budget.open()];
    expect(first.take(60)).toBe(true);
    expect(second.take(60)).toBe(false);
    expect(budget.usedBytes()).toBe(60);
    first.release();
    expect(second.take(60)).toBe(true);
  });

  it('counts a body of unknown length while it grows', () => {
    const budget = createMemoryBudget(100);
    const [first, second] = [budget.open(), budget.open()];
    expect(first.take(50)).toBe(true);
    expect([second.take(30), second.take(20), second.take(1)]).toEqual([true, true, false]);
    expect(budget.usedBytes()).toBe(100);
  });

  it('lets a single request through that is larger than the budget', () => {
    const budget = createMemoryBudget(100);
    const large = budget.open();
    expect(large.take(400)).toBe(true);
    expect(large.take(400)).toBe(true);
    expect(budget.open().take(1)).toBe(false);
  });

  it('counts a release once, and nothing after it', () => {
    const budget = createMemoryBudget(100);
    const lease = budget.open();
    lease.take(40);
    lease.release();
    lease.release();
    lease.take(40);
    expect(budget.usedBytes()).toBe(0);
  });
});

describe('the size of the budget', () => {
  const machine = 64 * 1024 * MIB;
  it.each([
    ['the setting', 300, 768 * MIB, 300],
    ['the container, less what the program needs', undefined, 768 * MIB, 512],
    ['a small container', undefined, 200 * MIB, 64],
    ['no container', undefined, 0, 512],
    ['cgroup v2 with `max`', undefined, 2 ** 64, 512],
    ['cgroup v1 without a limit', undefined, 2 ** 63 - 4096, 512],
  ])('by %s', (_by, configured, container, expectedMib) => {
    expect(bodyBudgetBytes(configured, container, machine)).toBe(expectedMib * MIB);
  });
});

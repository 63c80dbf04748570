/** How much memory bodies may take, from the limit of the container. */
import { totalmem } from 'node:os';

const MIB = 2 ** 20;
/** Without a container limit. */
const DEFAULT_BUDGET = 512 * MIB;
/** The program itself, the store client and the garbage that V8 has not collected yet. */
const BASE = 256 * MIB;
const SMALLEST_BUDGET = 64 * MIB;

/** @param containerBytes from `process.constrainedMemory()`, which reads cgroups v1 and v2; 0 or a huge number for no limit. */
export function bodyBudgetBytes(
  configuredMib: number | undefined,
  containerBytes: number,
  machineBytes = totalmem(),
): number {
  if (configuredMib !== undefined) return configuredMib * MIB;
  if (containerBytes <= 0 || containerBytes >= machineBytes) return DEFAULT_BUDGET;
  return Math.max(SMALLEST_BUDGET, containerBytes - BASE);
}

/** Starts the watchdog and the event-loop monitor of a worker with their limits. */
import { getHeapStatistics } from 'node:v8';
import type { WorkerContext } from '../../context.ts';
import type { QueueWorkers } from '../../queue-workers.ts';
import { startEventLoopMonitor } from './event-loop-monitor.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

const MIB = 2 ** 20;
/**
 * The share of V8's limit above which garbage collection takes more time than work, and the process would end without
 * a drain.
 */
const HEAP_SHARE = 0.85;

export interface Guard {
  start(): void;
  stop(): Promise<void>;
}

export function createSupervision(
  { clock, log, config }: WorkerContext,
  workers: QueueWorkers,
  end: () => void,
): Guard {
  let watchdog: Watchdog | undefined;
  return {
    start() {
      watchdog = createWatchdog({
        clock,
        log,
        eventLoop: startEventLoopMonitor(config.STUCK_AFTER_MS),
        heapCapBytes: config.HEAP_CAP_MB ? config.HEAP_CAP_MB * MIB : getHeapStatistics().heap_size_limit * HEAP_SHARE,
        stuckAfterMs: config.STUCK_AFTER_MS,
        waiting: workers.waiting,
        movedAtMs: workers.movedAtMs,
        end,
      });
      watchdog.start();
    },
    async stop() {
      await watchdog?.stop();
    },
  };
}

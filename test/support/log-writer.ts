/**
 * A program that logs like the apps, for tests with a stdout that accepts no data. After `argv[2]` ms it reports the
 * longest event-loop pause and the dropped lines on stderr as JSON and exits.
 */
import { createLog, droppedLogLines, flushLog } from '@cardseal/core/log';

const log = createLog('api', 'info');
let longestMs = 0;
let lastMs = performance.now();
const timer = setInterval(() => {
  const nowMs = performance.now();
  longestMs = Math.max(longestMs, nowMs - lastMs);
  lastMs = nowMs;
  for (let count = 0; count < 200; count++) log.info('batch.accepted', { tenant: 'bank', count });
}, 10);
setTimeout(async () => {
  clearInterval(timer);
  await flushLog();
  process.stderr.write(`${JSON.stringify({ longestMs, dropped: droppedLogLines() })}\n`);
  process.exit(0);
}, Number(process.argv[2]));

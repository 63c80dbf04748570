/**
 * Measures the work done per second of CPU time while several processes are busy. On machines whose cores share caches,
 * or are threads of one core, the same work takes more CPU time. The processes share nothing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BUSY_MS = 3000;
const PICTURE_BYTES = 300_000;

/** Rounds of work per second of CPU time, as the mean of `processes` at once. */
export async function workPerCpuSecond(processes: number): Promise<number> {
  const rates = await Promise.all(
    Array.from({ length: processes }, async () => {
      const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['busy']);
      const [rate] = await once(child, 'message');
      return Number(rate);
    }),
  );
  return rates.reduce((sum, rate) => sum + rate, 0) / processes;
}

/** Encryption, text and objects, as in the processing of a job. */
function work(image: Buffer): void {
  const cipher = createCipheriv('aes-128-ecb', image.subarray(0, 16), null);
  Buffer.concat([cipher.update(image), cipher.final()]).toString('base64');
  JSON.parse(JSON.stringify([...image.subarray(0, 2000)]));
}

if (process.argv[2] === 'busy') {
  const image = Buffer.alloc(PICTURE_BYTES, 7);
  const atStart = process.cpuUsage();
  const untilMs = performance.now() + BUSY_MS;
  let rounds = 0;
  for (; performance.now() < untilMs; rounds++) work(image);
  const { user, system } = process.cpuUsage(atStart);
  process.send!((rounds * 1e6) / (user + system));
  process.disconnect();
}

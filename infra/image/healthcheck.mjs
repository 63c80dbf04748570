// Checks whether the role in this container responds. A worker has no listener to check: its watchdog ends a worker that hangs, and
// the container runtime restarts it.
import { readFileSync } from 'node:fs';

const role = readFileSync('/proc/1/cmdline', 'utf8').split('\0')[2];
const { env } = process;
const port = { api: env.API_PORT ?? '3000', admin: env.ADMIN_PORT ?? '3001' }[role];
if (port !== undefined) {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2500) });
  if (!response.ok) process.exit(1);
}

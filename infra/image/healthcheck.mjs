// Whether the role in this container answers. A worker has no listener: it ends itself when it no longer moves, and
// whoever runs the container starts it again.
import { readFileSync } from 'node:fs';

const role = readFileSync('/proc/1/cmdline', 'utf8').split('\0')[2];
const { env } = process;
const port = { api: env.API_PORT ?? '3000', admin: env.ADMIN_PORT ?? '3001' }[role];
if (port !== undefined) {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2500) });
  if (!answer.ok) process.exit(1);
}

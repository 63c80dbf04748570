// Runs the object store double as a separate process. It reads its settings from the environment, reports readiness by IPC,
// and exits when its parent does.
import { createObjectStore } from './index.ts';

const env = process.env;
const missing = ['S3_DATA_DIR', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'].filter((name) => !env[name]);
if (missing.length > 0) {
  console.error(`the settings cannot be used:\n${missing.map((name) => `  - ${name}: is not set`).join('\n')}`);
  process.exit(1);
}

const store = createObjectStore({
  dataDir: env.S3_DATA_DIR ?? '',
  port: Number(env.S3_PORT ?? 0),
  region: env.S3_REGION ?? 'us-east-1',
  buckets: (env.S3_BUCKET ?? '').split(',').filter((name) => name !== ''),
  credentials: [{ accessKeyId: env.S3_ACCESS_KEY_ID ?? '', secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '' }],
  log: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
});
const { port } = await store.start();
process.send?.({ type: 'ready', port });

const stop = () => void store.stop().finally(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);

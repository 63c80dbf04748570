// Runs the object store double as a process of its own: settings from the environment, ready by IPC, gone with its parent.
import { createObjectStore } from './index.ts';

const env = process.env;
function required(name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const store = createObjectStore({
  dataDir: required('S3_DATA_DIR'),
  port: Number(env.S3_PORT ?? 0),
  region: env.S3_REGION ?? 'us-east-1',
  buckets: (env.S3_BUCKET ?? '').split(',').filter((name) => name !== ''),
  credentials: [{ accessKeyId: required('S3_ACCESS_KEY_ID'), secretAccessKey: required('S3_SECRET_ACCESS_KEY') }],
  log: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
});
const { port } = await store.start();
process.send?.({ type: 'ready', port });

const stop = () => void store.stop().finally(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);

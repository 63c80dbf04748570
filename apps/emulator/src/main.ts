// Runs one emulator as a process: environment in, `ready` out, stopped by a signal or by the end of its parent.
// It must never hold logic of its own.
import { createEmulator } from './app.ts';
import { readConfig } from './config.ts';

const emulator = createEmulator(readConfig(process.env));
const stop = async () => {
  await emulator.stop();
  process.exit(0);
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
process.once('disconnect', stop);

const { port } = await emulator.start();
if (process.send) process.send({ type: 'ready', port });
else process.stdout.write(`emulator listens on 127.0.0.1:${port}\n`);

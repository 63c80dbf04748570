// Runs one emulator as a process: it reads the environment, reports `ready`, and stops on a signal or when its parent exits.
// It must contain no other logic.
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
else process.stdout.write(`the emulator listens on 127.0.0.1:${port}\n`);

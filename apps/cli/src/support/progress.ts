/** Shows progress on stderr: a bar in a terminal, else a line every five seconds, as for a log file. */

export interface Progress {
  set(done: number, note?: string): void;
  end(): void;
}

const WIDTH = 30;
const LOG_EVERY_MS = 5000;

export function createProgress(label: string, total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  let loggedAtMs = Date.now();
  const text = (done: number, note: string) => {
    const filled = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
    return `${label} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${total}${note ? ` ${note}` : ''}`;
  };
  return {
    set(done, note = '') {
      if (stream.isTTY) stream.write(`\r${text(done, note)}\x1b[K`);
      else if (Date.now() - loggedAtMs >= LOG_EVERY_MS) {
        loggedAtMs = Date.now();
        stream.write(`${label} ${done}/${total}${note ? ` ${note}` : ''}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write('\n');
    },
  };
}

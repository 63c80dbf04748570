/**
 * One system call for all that is asked of Redis in one turn of the event loop: a busy process has many small commands
 * at a time, and each write costs more than what it says. Order and errors stay as they are, unlike with the client's
 * own pipelining, which gives many commands one fate. Who asks alone waits for nobody: the turn ends at once.
 */
import type { Socket } from 'node:net';
import type { Cluster, Redis } from 'ioredis';

export function batchWrites(redis: Redis | Cluster): void {
  if ('nodes' in redis) redis.on('+node', batchWrites);
  else redis.on('connect', () => corkPerTurn((redis as Redis).stream as Socket));
}

function corkPerTurn(stream: Socket): void {
  const write = stream.write;
  let corked = false;
  const uncork = () => {
    corked = false;
    stream.uncork();
  };
  stream.write = ((...args: Parameters<Socket['write']>) => {
    if (!corked) {
      corked = true;
      stream.cork();
      setImmediate(uncork);
    }
    return write.apply(stream, args);
  }) as Socket['write'];
}

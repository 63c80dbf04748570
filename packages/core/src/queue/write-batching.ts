/**
 * One system call for all commands that are sent to Redis in one turn of the event loop: a busy process sends many
 * small commands at a time, and each write costs more than its content. Order and errors stay as they are. The
 * client's own pipelining would fail many commands together. A single command is sent at once, because the turn ends
 * then.
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

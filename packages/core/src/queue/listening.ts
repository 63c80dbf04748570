/** A subscription that reports when it is active: messages published before that moment, or during a gap, are lost. */
import type { Redis } from 'ioredis';

/** Calls `onListening` when the subscription is active, and again after each gap. Returns a function that ends it. */
export function whenListening(subscriber: Redis, channel: string, onListening: () => void): () => void {
  // ioredis subscribes again after a reconnect but does not report when that is done.
  const listen = () => {
    subscriber.subscribe(channel).then(onListening, () => {});
  };
  subscriber.on('ready', listen);
  if (subscriber.status === 'ready') listen();
  return () => void subscriber.off('ready', listen);
}

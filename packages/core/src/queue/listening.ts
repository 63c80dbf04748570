/** A subscription that says when it holds: what was published before that moment, after a gap, is lost. */
import type { Redis } from 'ioredis';

/** Calls `onListening` when the subscription stands, and again whenever it stands after a gap. Returns what ends it. */
export function whenListening(subscriber: Redis, channel: string, onListening: () => void): () => void {
  // ioredis subscribes by itself when it connects again, but does not say when that has come about.
  const listen = () => {
    subscriber.subscribe(channel).then(onListening, () => {});
  };
  subscriber.on('ready', listen);
  if (subscriber.status === 'ready') listen();
  return () => void subscriber.off('ready', listen);
}

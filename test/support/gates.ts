/** Reads and opens the gate of a running stack through the pacer, as an operator's tool does. */

import type { DevInfo } from '@cardseal/dev';
import { createPacer, type Pacer } from '@cardseal/pacer';
import { Redis } from 'ioredis';

export interface Gates {
  /** The gate of the only credential. */
  gate(): Promise<{ state: 'open' | 'closed'; reason?: string }>;
  open(): Promise<void>;
  stop(): void;
}

export function gatesOf({ redisUrl, credentials }: DevInfo): Gates {
  const redis = new Redis(redisUrl);
  const pool = credentials.map(({ id, qps }) => ({ id, qps }));
  const pacer: Pacer = createPacer({ redis, prefix: 'cardseal', credentials: pool });
  return {
    gate: async () => (await pacer.snapshot())[0]!.gate,
    open: () => pacer.openGate(credentials[0]!.id, 'test'),
    stop() {
      pacer.stop();
      redis.disconnect();
    },
  };
}

/** save: writes the checkpoint of the billed call before any code interprets the reply. */

import type { RejectedError } from '@cardseal/base/errors';
import { encodeCheckpoint, type Side } from '@cardseal/core/job';
import type { ProviderReply } from '@cardseal/core/provider';
import type { WorkerContext } from '../../context.ts';
import type { Work } from '../support/work.ts';

/**
 * An earlier reply of the same side takes precedence; this one is then dropped, although it was paid for. Waits for a
 * ledger that is away.
 */
export async function saveReply(
  { clock, writeBuffer }: WorkerContext,
  work: Work,
  side: Side,
  { provider, reply, adjusted }: { provider: string; reply: ProviderReply; adjusted?: unknown },
): Promise<void> {
  const header = {
    v: 1,
    kind: 'reply',
    provider,
    at: new Date(clock.now()).toISOString(),
    ...(reply.logId === undefined ? {} : { logId: reply.logId }),
    ...(adjusted === undefined ? {} : { adjusted }),
  } as const;
  const checkpoint = encodeCheckpoint({ header, reply: reply.plaintext });
  await writeBuffer.persist({ tenant: work.tenant, job_id: work.job }, work.signal, () => save(work, side, checkpoint));
}

/** An image that cannot succeed is never sent again: its refusal is stored like a reply. */
export async function saveRefusal(
  { clock }: WorkerContext,
  work: Work,
  side: Side,
  provider: string,
  error: RejectedError,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  const code = typeof error.fields.reason === 'string' ? `${error.code}.${error.fields.reason}` : error.code;
  const header = { v: 1, kind: 'refusal', provider, at, code } as const;
  await save(work, side, encodeCheckpoint({ header, reply: Buffer.alloc(0) }));
}

async function save(work: Work, side: Side, checkpoint: Buffer): Promise<void> {
  if (await work.sealed.putReply(side, checkpoint)) work.written.replies.set(side, checkpoint);
}

/** save: the checkpoint behind the paid call, before anything is read into the reply. */

import type { RejectedError } from '@cardseal/base/errors';
import { encodeCheckpoint, type Side } from '@cardseal/core/job';
import type { ProviderReply } from '@cardseal/providers/baidu';
import type { WorkerContext } from '../../context.ts';
import type { Work } from '../support/work.ts';

/** An earlier reply of the same side stands; ours is then dropped, though it was paid for. It waits for a ledger that is away. */
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

/** A picture that cannot succeed is never called for again: its refusal is kept like a reply. */
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

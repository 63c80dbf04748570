/**
 * call: the permit is the last thing taken before the paid call, and every HTTP request costs one. The provider opens
 * the encrypted reply on the way back (decrypt); what comes out of here is plain JSON that nobody has interpreted.
 */
import type { BaiduProvider, ProviderReply, SealedRequest } from '@cardseal/core/baidu';
import { CardsealError, ThrottledError } from '@cardseal/core/errors';
import type { Side } from '@cardseal/core/job';
import type { Permit } from '@cardseal/core/pacing';
import type { WorkerContext } from '../context.ts';
import { recordAccepted, recordRefused } from './attempts.ts';
import { settlementOf } from './settlement.ts';
import { openSides, openWork, type Work } from './work.ts';

/** A wait longer than this belongs in the queue, not in a processor that holds a picture. */
const MAX_PERMIT_WAIT_MS = 5000;
/** Who was away for longer looks at the ledger again before it spends money. */
const LATE_MS = 5000;

export interface Call {
  side: Side;
  sealed: SealedRequest;
  /** The pool's members that may send this body. */
  candidates: readonly BaiduProvider[];
  /** Seals the same picture again under a fresh key. */
  reseal: () => Promise<SealedRequest>;
}

export async function callProvider(context: WorkerContext, work: Work, call: Call): Promise<ProviderReply> {
  const { clock, pacer, stopping } = context;
  const preparedAtMs = clock.now();
  const waiting = AbortSignal.any([work.signal, stopping]);
  const ids = call.candidates.map(({ id }) => id);
  let permit = await pacer.acquire({ signal: waiting, maxWaitMs: patienceMs(work, preparedAtMs), only: ids });
  context.meter.permit(work.job, clock.now() - preparedAtMs);
  const provider = call.candidates.find(({ id }) => id === permit.credentialId)!;
  let sentAtMs: number | null = null;
  try {
    if (clock.now() - work.lookedAtMs > LATE_MS) await lookAgain(context, work, call.side);
    const reply = await provider.call(call.sealed, work.signal, {
      onSend: () => {
        permit.sent();
        sentAtMs = clock.now();
      },
      onRepeat: async (error) => {
        await close(context, work, call.side, permit, sentAtMs, error);
        sentAtMs = null;
        permit = await pacer.acquire({ signal: waiting, maxWaitMs: MAX_PERMIT_WAIT_MS, only: [provider.id] });
      },
      reseal: call.reseal,
    });
    context.meter.answered(work.job, reply.latencyMs);
    recordAccepted(work, call.side, sentAtMs ?? clock.now(), reply.latencyMs);
    await permit.settle({ kind: 'accepted', latencyMs: reply.latencyMs });
    return reply;
  } catch (error) {
    await close(context, work, call.side, permit, sentAtMs, error);
    throw error;
  } finally {
    call.sealed.destroy();
  }
}

/** A card that cannot be called before its deadline is not called. */
function patienceMs({ generation, request }: Work, nowMs: number): number {
  if (generation !== 1 || request.expiresAtMs === null) return MAX_PERMIT_WAIT_MS;
  return Math.max(0, Math.min(MAX_PERMIT_WAIT_MS, request.expiresAtMs - nowMs));
}

/** Tells the pacer what became of a permit, and the record what became of a call. */
async function close(
  { log }: WorkerContext,
  work: Work,
  side: Side,
  permit: Permit,
  sentAtMs: number | null,
  error: unknown,
): Promise<void> {
  if (sentAtMs === null) return permit.giveBack();
  recordRefused(work, side, sentAtMs, error);
  if (error instanceof CardsealError) {
    log.info('call.refused', { job_id: work.job, side, code: error.code, class: String(error.fields.upstreamClass) });
  }
  return permit.settle({ kind: settlementOf(error) });
}

/** The world may have moved on while the permit was waited for: another worker's reply, an outcome, an erasure. */
async function lookAgain(context: WorkerContext, work: Work, side: Side): Promise<void> {
  const now = await openWork(context, work, work.signal);
  const decided = now?.inventory.decided.includes(work.generation);
  if (!now || decided || !openSides(now).includes(side)) throw new ThrottledError('overtaken', 0);
}

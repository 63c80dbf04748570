/**
 * call: the permit is the last thing taken before the paid call, and every HTTP request costs one. The provider opens
 * the encrypted reply on the way back (decrypt); what comes out of here is plain JSON that nobody has interpreted.
 */
import type { BaiduProvider, ProviderReply } from '@cardseal/core/baidu';
import { CardsealError, TransientError } from '@cardseal/core/errors';
import type { Side } from '@cardseal/core/job';
import type { Permit, Reserved } from '@cardseal/core/pacing';
import type { WorkerContext } from '../context.ts';
import { countAccepted, countRefused, countReturned, timed } from '../metrics/index.ts';
import { recordAccepted, recordRefused } from './attempts.ts';
import type { Bodies } from './bodies.ts';
import { createLastLook } from './last-look.ts';
import { settlementOf } from './settlement.ts';
import type { Work } from './work.ts';

/** A wait longer than this belongs in the queue, not in a processor that holds a picture. */
const MAX_PERMIT_WAIT_MS = 5000;

export interface Call {
  side: Side;
  bodies: Bodies;
  /** Tells whose permit it became. */
  onPermit?: (provider: BaiduProvider) => void;
}

export async function callProvider(context: WorkerContext, work: Work, call: Call): Promise<ProviderReply> {
  try {
    // What could not be saved would be paid for again.
    if (context.unsaved.waiting() > 0) throw new TransientError('store_unavailable');
    const askedAtMs = context.clock.now();
    const permit = await timed(context, 'permit', () => firstPermit(context, work, call), { side: call.side });
    context.meter.permit(work.job, context.clock.now() - askedAtMs);
    const provider = context.providers.get(permit.credentialId)!;
    call.onPermit?.(provider);
    const ids = { side: call.side, credential: provider.id };
    return await timed(context, 'call', () => spend(context, work, call, provider, permit), ids);
  } finally {
    call.bodies.destroy();
  }
}

/** The earliest permit of any open credential. What it needs besides is made ready before its slot. */
async function firstPermit(context: WorkerContext, work: Work, { side, bodies }: Call): Promise<Permit> {
  const { clock, pacer, providers, stopping } = context;
  const lastLook = createLastLook(context, work, side);
  const options = {
    signal: AbortSignal.any([work.signal, stopping]),
    maxWaitMs: patienceMs(work, clock.now()),
    prepare: async (credentialId: string, slot: Reserved) => {
      await bodies.prepare(credentialId);
      await lastLook(slot);
    },
  };
  for (let left = providers.size; ; left--) {
    try {
      return await pacer.acquire(options);
    } catch (error) {
      // The gate of the credential that the provider refused is closed by now: another may still give a permit.
      const refused = error instanceof CardsealError && error.code === 'upstream_credential_refused';
      if (!refused || left <= 1) throw error;
    }
  }
}

async function spend(
  context: WorkerContext,
  work: Work,
  { side, bodies }: Call,
  provider: BaiduProvider,
  first: Permit,
): Promise<ProviderReply> {
  const { clock, pacer, stopping } = context;
  let permit = first;
  let sentAtMs: number | null = null;
  try {
    const reply = await provider.call(bodies.of(provider.id), work.signal, {
      onSend: () => {
        permit.sent();
        sentAtMs = clock.now();
      },
      onRepeat: async (error) => {
        await close(context, work, side, permit, sentAtMs, error);
        sentAtMs = null;
        const signal = AbortSignal.any([work.signal, stopping]);
        const lastLook = createLastLook(context, work, side);
        const prepare = (_: string, slot: Reserved) => lastLook(slot);
        permit = await pacer.acquire({ signal, maxWaitMs: MAX_PERMIT_WAIT_MS, only: [provider.id], prepare });
      },
      reseal: () => bodies.reseal(provider.id),
    });
    context.meter.answered(work.job, reply.latencyMs);
    recordAccepted(work, side, sentAtMs ?? clock.now(), reply.latencyMs);
    countAccepted(context, provider.id, reply.latencyMs);
    // It never throws, and the card need not wait for it.
    void permit.settle({ kind: 'accepted', latencyMs: reply.latencyMs });
    return reply;
  } catch (error) {
    await close(context, work, side, permit, sentAtMs, error);
    throw error;
  }
}

/** A card that cannot be called before its deadline is not called. */
function patienceMs({ generation, request }: Work, nowMs: number): number {
  if (generation !== 1 || request.expiresAtMs === null) return MAX_PERMIT_WAIT_MS;
  return Math.max(0, Math.min(MAX_PERMIT_WAIT_MS, request.expiresAtMs - nowMs));
}

/** Tells the pacer what became of a permit, and the record what became of a call. */
async function close(
  context: WorkerContext,
  work: Work,
  side: Side,
  permit: Permit,
  sentAtMs: number | null,
  error: unknown,
): Promise<void> {
  if (sentAtMs === null) {
    countReturned(context, permit.credentialId);
    return permit.giveBack();
  }
  recordRefused(work, side, sentAtMs, error);
  const kind = settlementOf(error);
  countRefused(context, permit.credentialId, kind, error);
  if (error instanceof CardsealError) {
    context.log.info('call.refused', {
      job_id: work.job,
      side,
      code: error.code,
      class: String(error.fields.upstreamClass),
    });
  }
  return permit.settle({ kind });
}

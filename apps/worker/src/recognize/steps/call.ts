/**
 * call: the permit is the last thing taken before the billed call, and every HTTP request costs one. The provider
 * decrypts the encrypted reply on the way back (decrypt). The result is plain JSON that no code has interpreted yet.
 */

import { CardsealError, ThrottledError, TransientError } from '@cardseal/base/errors';
import type { Side } from '@cardseal/core/job';
import type { Provider, ProviderReply } from '@cardseal/core/provider';
import { type Permit, PROVIDER_OUTAGE, type Reserved } from '@cardseal/pacer';
import type { WorkerContext } from '../../context.ts';
import { countAccepted, countRefused, countReturned, timed } from '../../metrics/index.ts';
import { createOwnershipCheck } from '../guards/ownership-check.ts';
import { recordAccepted, recordRefused } from '../support/attempts.ts';
import type { Bodies } from '../support/bodies.ts';
import { judged, settlementOf, troubleOf } from '../support/settlement.ts';
import type { Work } from '../support/work.ts';

/** A longer wait belongs in the queue, and not in a processor that holds an image in memory. */
const MAX_PERMIT_WAIT_MS = 5000;

export interface Call {
  side: Side;
  bodies: Bodies;
  /** Identifies the image; called only when a call fails. */
  image: () => string;
  /** Reports which credential gave the permit. */
  onPermit?: (provider: Provider) => void;
}

export async function callProvider(context: WorkerContext, work: Work, call: Call): Promise<ProviderReply> {
  try {
    // A reply that could not be saved would be paid for again.
    if (context.writeBuffer.waiting() > 0) throw new TransientError('store_unavailable');
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

/** The earliest permit of any open credential. Everything else that the call needs is prepared before its slot. */
async function firstPermit(context: WorkerContext, work: Work, { side, bodies, image }: Call): Promise<Permit> {
  const { clock, pacer, providers, stopping } = context;
  const checkOwnership = createOwnershipCheck(context, work, side);
  const options = {
    signal: AbortSignal.any([work.signal, stopping]),
    maxWaitMs: patienceMs(work, clock.now()),
    prepare: async (credentialId: string, slot: Reserved) => {
      await bodies.prepare(credentialId);
      await checkOwnership(slot);
    },
    onTrouble: { troubleOf: (error: unknown) => troubleOf(error, image()), judged },
  };
  for (let left = providers.size; ; left--) {
    try {
      return await pacer.acquire(options);
    } catch (error) {
      // The gate of the refused credential is closed by now: another one may still give a permit.
      const refused = error instanceof CardsealError && error.code === 'upstream_credential_refused';
      if (!refused || left <= 1) throw error;
    }
  }
}

async function spend(
  context: WorkerContext,
  work: Work,
  { side, bodies, image }: Call,
  provider: Provider,
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
        const after = await close(context, work, { side, image }, permit, sentAtMs, error);
        sentAtMs = null;
        // Repeating is pointless while the provider is away, and the caller waits without spending an attempt.
        if (after instanceof ThrottledError) throw after;
        const signal = AbortSignal.any([work.signal, stopping]);
        const checkOwnership = createOwnershipCheck(context, work, side);
        const prepare = (_: string, slot: Reserved) => checkOwnership(slot);
        permit = await pacer.acquire({ signal, maxWaitMs: MAX_PERMIT_WAIT_MS, only: [provider.id], prepare });
      },
      reseal: () => bodies.reseal(provider.id),
      // A fresh key at once the first time; later runs come after a pause anyway.
      repeatsUndecryptable: !work.attempts.some((one) => one.side === side && one.class === 'crypto'),
    });
    context.meter.answered(work.job, reply.latencyMs);
    recordAccepted(work, side, sentAtMs ?? clock.now(), reply.latencyMs);
    countAccepted(context, provider.id, reply.latencyMs);
    // It never throws, and the job need not wait for it.
    void permit.settle({ kind: 'accepted', latencyMs: reply.latencyMs });
    return reply;
  } catch (error) {
    // The hook has already settled the permit and reported the result.
    if (error instanceof ThrottledError && error.code === PROVIDER_OUTAGE) throw error;
    throw await close(context, work, { side, image }, permit, sentAtMs, error);
  }
}

/** A job that cannot be called before its deadline is not called. */
function patienceMs({ generation, request }: Work, nowMs: number): number {
  if (generation !== 1 || request.expiresAtMs === null) return MAX_PERMIT_WAIT_MS;
  return Math.max(0, Math.min(MAX_PERMIT_WAIT_MS, request.expiresAtMs - nowMs));
}

/**
 * Reports the result of a permit to the pacer, and of a call to the job's record. Returns the error for the job: a
 * failure of a known outage spends no attempt.
 */
async function close(
  context: WorkerContext,
  work: Work,
  { side, image }: Pick<Call, 'side' | 'image'>,
  permit: Permit,
  sentAtMs: number | null,
  error: unknown,
): Promise<unknown> {
  const interrupted = work.signal.aborted || context.stopping.aborted;
  const trouble = interrupted ? undefined : troubleOf(error, image());
  const { credentialId, probe } = permit;
  if (sentAtMs === null) {
    countReturned(context, credentialId);
    return judged(error, { ...(await permit.settle({ kind: 'unsent', trouble })), credentialId, probe });
  }
  recordRefused(work, side, sentAtMs, error);
  const kind = settlementOf(error);
  countRefused(context, credentialId, kind, error);
  if (error instanceof CardsealError) {
    context.log.info('call.refused', {
      job_id: work.job,
      side,
      code: error.code,
      class: String(error.fields.upstreamClass),
    });
  }
  return judged(error, { ...(await permit.settle({ kind, trouble })), credentialId, probe });
}

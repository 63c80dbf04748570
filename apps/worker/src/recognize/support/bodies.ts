/**
 * The request bodies of one side. A body fits every credential of its provider's body group. One body is encrypted
 * before a permit is requested. Another one follows only if the permit belongs to a credential of another group, in the
 * time that is left until the slot.
 */

import type { Side } from '@cardseal/core/job';
import type { PreparedCall, Provider } from '@cardseal/core/provider';
import type { Pacer } from '@cardseal/pacer';
import type { WorkerContext } from '../../context.ts';
import { encryptImage, SealFailure } from '../steps/encrypt.ts';
import type { FetchedImage } from '../steps/fetch.ts';
import { judged, troubleOf } from './settlement.ts';
import type { Work } from './work.ts';

export interface Bodies {
  /** Makes sure that a body fits this credential. */
  prepare(credentialId: string): Promise<void>;
  /** The body that fits; call `prepare` first. */
  of(credentialId: string): PreparedCall;
  /** The same image again under a fresh key, for this credential. */
  reseal(credentialId: string): Promise<PreparedCall>;
  destroy(): void;
}

type Group = readonly Provider[];

/**
 * Encrypts the first body, for the credentials that are likely to give the permit. While every gate is closed, as far
 * as this process knows, nothing is encrypted in advance: only a probe needs a body, and `prepare` creates it.
 * @param image identifies the image.
 */
export async function sealBodies(
  context: WorkerContext,
  work: Work,
  side: Side,
  picture: FetchedImage,
  image: () => string,
): Promise<Bodies> {
  const groups = groupsOf([...context.providers.values()]);
  const groupOf = (id: string) => groups.find((group) => group.some((one) => one.id === id))!;
  const ready = new Map<Group, PreparedCall>();
  const seal = (candidates: Group) => encryptImage(context, candidates, work, side, picture);
  const sealFor = async (id: string) => {
    const { sealed } = await seal([context.providers.get(id)!]).catch(unwrap);
    return sealed;
  };
  const first = await sealFirst(context, likelyFirst(groups, context), seal, image);
  if (first) ready.set(groupOf(first.credentialId), first.sealed);
  return {
    async prepare(id) {
      const group = groupOf(id);
      if (!ready.has(group)) ready.set(group, await sealFor(id));
    },
    of: (id) => ready.get(groupOf(id))!,
    reseal: sealFor,
    destroy() {
      for (const sealed of ready.values()) sealed.destroy();
    },
  };
}

function unwrap(error: unknown): never {
  throw error instanceof SealFailure ? error.cause : error;
}

/** Skips a group whose token endpoint or key wrapper fails, reports it to the pacer, and tries the next group. */
async function sealFirst(
  { pacer }: WorkerContext,
  groups: readonly Group[],
  seal: (candidates: Group) => ReturnType<typeof encryptImage>,
  image: () => string,
): Promise<Awaited<ReturnType<typeof encryptImage>> | null> {
  let failure: unknown = null;
  for (const group of groups) {
    const open = group.filter(({ id }) => !pacer.isClosed(id));
    if (open.length === 0) continue;
    try {
      return await seal(open);
    } catch (error) {
      failure = await reported(pacer, error, image);
    }
  }
  if (failure) throw failure;
  return null;
}

/** The error for the job. Rethrows errors that say nothing about the provider. */
async function reported(pacer: Pick<Pacer, 'report'>, error: unknown, image: () => string): Promise<unknown> {
  if (!(error instanceof SealFailure)) return error;
  const { credentialId, cause } = error;
  const trouble = troubleOf(cause, image());
  if (!trouble) throw cause;
  return judged(cause, { ...(await pacer.report(credentialId, trouble)), credentialId, probe: false });
}

function groupsOf(all: Group): Group[] {
  return [...Map.groupBy(all, ({ bodyGroup }) => bodyGroup).values()];
}

/** Weighted by rate; credentials whose gates are all closed, as far as this process knows, come last. */
export function likelyFirst(
  groups: readonly Group[],
  {
    random,
    rates,
    pacer,
  }: Pick<WorkerContext, 'random' | 'rates'> & { pacer: Pick<WorkerContext['pacer'], 'isClosed'> },
): Group[] {
  const weight = (group: Group) => group.reduce((sum, { id }) => sum + (pacer.isClosed(id) ? 0 : rates.get(id)!), 0);
  let at = random() * groups.reduce((sum, group) => sum + weight(group), 0);
  const chosen = groups.find((group) => {
    at -= weight(group);
    return at < 0;
  });
  return groups.toSorted((a, b) => Number(b === chosen) - Number(a === chosen) || weight(b) - weight(a));
}

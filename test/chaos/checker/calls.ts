/**
 * I2: an accepted call beyond the first for a side needs an incident that may have cut the first call. An incident
 * explains at most as many repeated calls as it could have cut. All times come from clocks of one machine.
 */
import { decodeCheckpoint } from '@cardseal/core/job';
import type { AcceptedJob, Call, Evidence, Incident } from './evidence.ts';

/**
 * A call may already be in flight when another worker stores a reply for the same side. Such a call is no violation.
 */
const OVERLAP_MS = 12_000;
/** The longest time from the arrival of a call until the worker stores its reply. */
const UNTIL_STORED_MS = 15_000;
/**
 * Detection takes time: a lock of 5 s expires, a worker finds the stalled job half a lock later, and a loaded machine
 * adds more.
 */
const AFTERMATH_MS = 10_000;

export interface Repeats {
  /** Accepted calls beyond the first for the same image. */
  repeated: number;
  /** Repeated calls that an incident explains. */
  explained: number;
  /** The most calls that all incidents together could have cut. */
  bound: number;
}

export function countRepeats({
  calls,
  accepted,
  incidents,
}: Pick<Evidence, 'calls' | 'accepted' | 'incidents'>): Repeats {
  const byImage = acceptedByImage(calls, accepted);
  const pairs = [...byImage.values()].flatMap((times) => times.slice(1).map((at, i) => [times[i]!, at] as const));
  const costly = incidents.filter(({ cutCalls }) => cutCalls > 0).toSorted((a, b) => a.toMs - b.toMs);
  const left = costly.map(({ cutCalls }) => cutCalls);
  let explained = 0;
  for (const [firstAt, againAt] of pairs.toSorted((a, b) => a[1] - b[1])) {
    const at = costly.findIndex((incident, i) => left[i]! > 0 && cuts(incident, firstAt, againAt));
    if (at < 0) continue;
    left[at]!--;
    explained++;
  }
  const acceptedAt = [...byImage.values()].flat();
  const bound = costly.reduce((sum, incident) => sum + Math.min(incident.cutCalls, near(incident, acceptedAt)), 0);
  return { repeated: pairs.length, explained, bound };
}

export function violationsOfCalls(evidence: Evidence): string[] {
  const { repeated, explained } = countRepeats(evidence);
  return repeated > explained ? [`I2: ${repeated} repeated calls, ${explained} are explained`] : [];
}

/** I2: the worker never calls the upstream again for a side whose reply is in the ledger. */
export async function calledAgain(
  { ledger }: Evidence,
  job: AcceptedJob,
  calls: readonly Call[] | undefined,
): Promise<string[]> {
  if (!calls || calls.length < 2) return [];
  const reply = await (await ledger.jobs.open(job.tenant, job.id))?.reply('front');
  if (!reply) return [];
  const storedAtMs = Date.parse(decodeCheckpoint(reply).header.at);
  const late = calls.filter(({ at }) => at > storedAtMs + OVERLAP_MS);
  return late.length === 0 ? [] : [`I2 ${job.id}: ${late.length} calls after its reply was stored`];
}

/**
 * The incident began before the second call and ended after the first one arrived, before its reply was certainly
 * stored.
 */
function cuts({ fromMs, toMs }: Incident, firstAt: number, againAt: number): boolean {
  return fromMs <= againAt && toMs + AFTERMATH_MS >= firstAt && fromMs <= firstAt + UNTIL_STORED_MS;
}

function near({ fromMs, toMs }: Incident, acceptedAt: readonly number[]): number {
  return acceptedAt.filter((at) => at >= fromMs - UNTIL_STORED_MS && at <= toMs + AFTERMATH_MS).length;
}

function acceptedByImage(calls: readonly Call[], accepted: readonly AcceptedJob[]): Map<string, number[]> {
  const found = new Map<string, number[]>(accepted.map(({ imageSha256 }) => [imageSha256, []]));
  for (const { outcome, image_sha256, at } of calls) {
    if (outcome === 'accepted') found.get(image_sha256 ?? '')?.push(at);
  }
  for (const times of found.values()) times.sort((a, b) => a - b);
  return found;
}

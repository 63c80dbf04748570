/**
 * I2: every accepted call beyond the first of a side needs something that cut its wire, and nothing that was done
 * explains more calls than could have been on the wires that it cut. Clocks of one machine are compared.
 */
import { decodeCheckpoint } from '@cardseal/core/job';
import type { Call, Evidence, Incident, ToldJob } from './evidence.ts';

/** A call that was on the wire when the reply of another was stored is no waste that anybody could have avoided. */
const OVERLAP_MS = 12_000;
/** From the arrival of a call until its reply is stored, at the worst. */
const UNTIL_STORED_MS = 15_000;
/** What was done is noticed late: a lock of 5 s runs out, the stalled card is found half a lock later, a loaded machine lags. */
const AFTERMATH_MS = 10_000;

export interface Repeats {
  /** Accepted calls beyond the first for the same picture. */
  repeated: number;
  /** Those that something explains. */
  explained: number;
  /** What all that was done could have cost at most, had every wire it cut carried a call. */
  bound: number;
}

export function countRepeats({ calls, told, incidents }: Pick<Evidence, 'calls' | 'told' | 'incidents'>): Repeats {
  const byPicture = acceptedByPicture(calls, told);
  const pairs = [...byPicture.values()].flatMap((times) => times.slice(1).map((at, i) => [times[i]!, at] as const));
  const costly = incidents.filter(({ wires }) => wires > 0).toSorted((a, b) => a.toMs - b.toMs);
  const left = costly.map(({ wires }) => wires);
  let explained = 0;
  for (const [firstAt, againAt] of pairs.toSorted((a, b) => a[1] - b[1])) {
    const at = costly.findIndex((incident, i) => left[i]! > 0 && cuts(incident, firstAt, againAt));
    if (at < 0) continue;
    left[at]!--;
    explained++;
  }
  const accepted = [...byPicture.values()].flat();
  const bound = costly.reduce((sum, incident) => sum + Math.min(incident.wires, near(incident, accepted)), 0);
  return { repeated: pairs.length, explained, bound };
}

export function violationsOfCalls(evidence: Evidence): string[] {
  const { repeated, explained } = countRepeats(evidence);
  return repeated > explained ? [`I2: ${repeated} repeated calls, ${explained} are explained`] : [];
}

/** A side whose reply is in the ledger is never called again. */
export async function calledAgain(
  { ledger }: Evidence,
  told: ToldJob,
  calls: readonly Call[] | undefined,
): Promise<string[]> {
  if (!calls || calls.length < 2) return [];
  const reply = await (await ledger.openJob(told.tenant, told.id))?.reply('front');
  if (!reply) return [];
  const storedAtMs = Date.parse(decodeCheckpoint(reply).header.at);
  const late = calls.filter(({ at }) => at > storedAtMs + OVERLAP_MS);
  return late.length === 0 ? [] : [`I2 ${told.id}: ${late.length} calls after its reply was stored`];
}

/** It happened after the first call arrived, before the second did, and before the first one's reply was surely kept. */
function cuts({ fromMs, toMs }: Incident, firstAt: number, againAt: number): boolean {
  return fromMs <= againAt && toMs + AFTERMATH_MS >= firstAt && fromMs <= firstAt + UNTIL_STORED_MS;
}

function near({ fromMs, toMs }: Incident, accepted: readonly number[]): number {
  return accepted.filter((at) => at >= fromMs - UNTIL_STORED_MS && at <= toMs + AFTERMATH_MS).length;
}

function acceptedByPicture(calls: readonly Call[], told: readonly ToldJob[]): Map<string, number[]> {
  const found = new Map<string, number[]>(told.map(({ pictureSha256 }) => [pictureSha256, []]));
  for (const { outcome, image_sha256, at } of calls) {
    if (outcome === 'accepted') found.get(image_sha256 ?? '')?.push(at);
  }
  for (const times of found.values()) times.sort((a, b) => a - b);
  return found;
}

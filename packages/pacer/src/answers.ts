/** Parses the responses of the scripts. No other file knows the order of their values. */
import { type PacingFields, shanghaiDay, type Usage } from './state.ts';

export interface Grant {
  credentialId: string;
  id: number;
  slotUs: number;
  probe: boolean;
  /** When Redis's state of this credential was created. */
  bornUs: number;
}

export type Reservation =
  | { code: 'granted'; grant: Grant; rose: boolean; limit: number; marginUs: number }
  | { code: 'wait'; waitMs: number }
  | { code: 'closed'; reason: string; retryAfterMs: number };

export interface ReserveReply {
  nowUs: number;
  /** When the state of each credential was created, in the order of the request. */
  bornUs: number[];
  reservation: Reservation;
}

export interface Look {
  nowUs: number;
  fields: PacingFields | undefined;
  day: Usage;
  total: Usage;
  lastUs: number;
  nthUs: number;
}

/** Closed gates are read again after this time at the latest, in case every announcement is missed. */
const GATE_RETRY_MAX_MS = 300_000;
const GATE_RETRY_MIN_MS = 1000;

export function readReserve(answer: readonly string[], credentialIds: readonly string[]): ReserveReply {
  const nowUs = Number(answer[0]);
  const bornUs = answer[1]!.split(',').map(Number);
  return { nowUs, bornUs, reservation: readReservation(answer.slice(2), nowUs, credentialIds, bornUs) };
}

function readReservation(
  [code, ...rest]: string[],
  nowUs: number,
  credentialIds: readonly string[],
  bornUs: readonly number[],
): Reservation {
  if (code === 'wait') return { code, waitMs: (Number(rest[0]) - nowUs) / 1000 };
  if (code === 'closed') {
    const nextUs = Number(rest[1]);
    const inMs = nextUs > 0 ? (nextUs - nowUs) / 1000 : GATE_RETRY_MAX_MS;
    const retryAfterMs = Math.ceil(Math.min(GATE_RETRY_MAX_MS, Math.max(GATE_RETRY_MIN_MS, inMs)));
    return { code, reason: rest[0]!, retryAfterMs };
  }
  const [index, id, slotUs, probe, rose, limit, marginUs] = rest.map(Number) as [number, ...number[]];
  const grant = {
    credentialId: credentialIds[index]!,
    id: id!,
    slotUs: slotUs!,
    probe: probe === 1,
    bornUs: bornUs[index]!,
  };
  return { code: 'granted', grant, rose: rose === 1, limit: limit!, marginUs: marginUs! };
}

export function readLook(answer: unknown): Look {
  const [now, fields, day, total, last, nth] = answer as [string, string[], string[], string[], string, string];
  return {
    nowUs: Number(now),
    fields: fields.length === 0 ? undefined : fieldsFrom(fields),
    day: usageFrom(day),
    total: usageFrom(total),
    lastUs: Number(last),
    nthUs: Number(nth),
  };
}

/** The number under which a date in Shanghai is counted. */
export const dayNumber = (date: string): number => shanghaiDay(Date.parse(`${date}T00:00:00+08:00`) * 1000);

function usageFrom(flat: string[]): Usage {
  const usage = { calls: 0, accepted: 0, failed: 0, refused: 0 };
  for (let i = 0; i < flat.length; i += 2) usage[flat[i] as keyof Usage] = Number(flat[i + 1]);
  return usage;
}

const TEXT_FIELDS = new Set(['run', 'gate', 'gateBy', 'gateCause', 'troubleImage', 'outageRuns']);

function fieldsFrom(flat: string[]): PacingFields {
  const fields: Record<string, string | number> = {};
  for (let i = 0; i < flat.length; i += 2) {
    fields[flat[i]!] = TEXT_FIELDS.has(flat[i]!) ? flat[i + 1]! : Number(flat[i + 1]);
  }
  return fields as unknown as PacingFields;
}

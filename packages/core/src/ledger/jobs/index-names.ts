/** Parses the names of the index: `index/{tenant}/{inverted ULID}.{reference}.{generation}.{state}.{code}`. */
import { decodeTime, encodeTime } from 'ulid';
import { inverted, type JobId } from '../../job/index.ts';

const NAME = /^index\/[^/]+\/([0-9A-HJKMNP-TV-Z]{26})\.([0-9a-f]{32}|-)\.(\d+)\.([a-z]+)\.([^/]*)$/;

export interface IndexEntry {
  job: JobId;
  createdAtMs: number;
  /** HMAC of the reference, `-` for none. */
  referenceMac: string;
  /** 1 for a job without an outcome. */
  generation: number;
  /** `queued` while the generation has no outcome. */
  state: string;
  code: string;
  /** The number of names of the job. */
  names: number;
}

export interface IndexName {
  /** The inverted ULID. */
  id: string;
  referenceMac: string;
  generation: number;
  state: string;
  code: string;
}

/** null for other names. */
export function parseIndexName(name: string): IndexName | null {
  const match = NAME.exec(name);
  if (!match) return null;
  const [, id, referenceMac, generation, state, code] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { id, referenceMac, generation: Number(generation), state, code };
}

export function lastEntry(job: JobId, names: readonly IndexName[]): IndexEntry {
  const rank = ({ generation, state }: IndexName) => generation * 2 + (state === 'queued' ? 0 : 1);
  const last = names.reduce((best, name) => (rank(name) > rank(best) ? name : best));
  const { id: _id, ...entry } = last;
  return { job, createdAtMs: decodeTime(job.slice('job_'.length)), names: names.length, ...entry };
}

/** In inverted ids: after every id of `ms` or later, before every earlier id. */
export function pastMs(ms: number): string {
  return `${inverted(`job_${encodeTime(Math.max(0, Math.floor(ms)), 10)}`)}~`;
}

/**
 * Daily reconciliation reports: for each tenant and day which jobs were accepted and how they ended, with ids. Parts
 * of lines come first, each created once, so that an interrupted run continues after its last part. The head comes
 * last and is the commit. Reports contain ids and counts only, and are therefore not sealed.
 */

import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { DeliveryAttempt } from '../deliveries/deliveries.ts';
import { type DayJob, type DayStretch, jobsOfDay } from '../jobs/day-jobs.ts';
import { paths } from '../paths.ts';

export interface ManifestRef {
  tenant: string;
  /** `YYYY-MM-DD`. */
  day: string;
  /** Counts from 1. A repeated check of a day uses the next number. */
  run: number;
}

export interface Manifests {
  jobs(tenant: string, stretch: DayStretch): AsyncGenerator<DayJob>;
  /** The newest entry of a delivery's record, by its name. */
  readTry(name: string): Promise<DeliveryAttempt | null>;
  /** The stored lines: these, or those that another writer created first. */
  putPart<T>(ref: ManifestRef, number: number, lines: readonly T[]): Promise<T[]>;
  parts<T>(ref: ManifestRef): AsyncGenerator<T[]>;
  commit(ref: ManifestRef, head: object): Promise<void>;
  /** null while the report is incomplete. */
  head<T>(ref: ManifestRef): Promise<T | null>;
  /** The newest complete run; 0 for none. */
  latest(tenant: string, day: string): Promise<number>;
}

export function createManifests(store: ObjectStore): Manifests {
  const head = (ref: ManifestRef) => `${paths.manifest(ref)}head`;
  const part = (ref: ManifestRef, number: number) => `${paths.manifest(ref)}part.${String(number).padStart(5, '0')}`;
  const read = async <T>(name: string): Promise<T | null> => {
    const body = await store.get(name);
    return body && (JSON.parse(body.toString()) as T);
  };
  const linesOf = <T>(body: Buffer) =>
    body
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);

  return {
    jobs: (tenant, stretch) => jobsOfDay(store, tenant, stretch),
    readTry: (name) => read<DeliveryAttempt>(name),
    async putPart<T>(ref: ManifestRef, number: number, lines: readonly T[]) {
      const body = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      if (await store.create(part(ref, number), body)) return [...lines];
      return linesOf<T>((await store.get(part(ref, number)))!);
    },
    async *parts<T>(ref: ManifestRef) {
      for (let number = 0; ; number++) {
        const body = await store.get(part(ref, number));
        if (!body) return;
        yield linesOf<T>(body);
      }
    },
    commit: async (ref, value) => void (await store.create(head(ref), Buffer.from(JSON.stringify(value)))),
    head: (ref) => read(head(ref)),
    async latest(tenant, day) {
      const names = await listAll(store, paths.manifestsOfDay(tenant, day));
      const runs = names.flatMap((name) => /\/(\d+)\/head$/.exec(name)?.[1] ?? []).map(Number);
      return Math.max(0, ...runs);
    },
  };
}

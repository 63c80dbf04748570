/**
 * Recoveries: what an endpoint's owner asked to have sent again, and the progress. After a crash of the worker a
 * recovery continues from its newest checkpoint. It is deleted when it is done.
 */

import { listAll, type ObjectStore, scan } from '@cardseal/object-store';
import type { JobId } from '../../job/index.ts';
import { fromInverted } from '../../job/index.ts';
import { parseIndexName, pastMs } from '../jobs/index-names.ts';
import { paths } from '../paths.ts';

export interface RecoveryRef {
  tenant: string;
  endpoint: string;
  id: string;
}

export interface Recovery {
  /**
   * `parked`: deliveries that waited while the endpoint was disabled. `since`: every undelivered outcome of a span of
   * time.
   */
  kind: 'parked' | 'since';
  /** Start of the span for `since`, epoch milliseconds. */
  sinceMs: number;
  untilMs: number;
}

export interface RecoveryState extends Recovery {
  /** The index name at which to continue; null at the start. */
  cursor: string | null;
}

export interface Recoveries {
  start(ref: RecoveryRef, recovery: Recovery): Promise<void>;
  /** null when the recovery is done. */
  read(ref: RecoveryRef): Promise<RecoveryState | null>;
  reached(ref: RecoveryRef, state: RecoveryState): Promise<void>;
  finish(ref: RecoveryRef): Promise<void>;
  open(): AsyncGenerator<RecoveryRef>;
  /**
   * Outcomes of jobs that were submitted before a time, newest job first, read from names only; `cursor` continues a
   * page.
   */
  outcomes(tenant: string, untilMs: number, cursor: string | null): Promise<OutcomePage>;
}

interface OutcomeName {
  /** A cursor that continues after this name. */
  name: string;
  job: JobId;
  generation: number;
  state: string;
}

interface OutcomePage {
  outcomes: OutcomeName[];
  next: string | null;
}

const PAGE = 500;

export function createRecoveries(store: ObjectStore): Recoveries {
  const folder = ({ tenant, endpoint, id }: RecoveryRef) => paths.recovery(tenant, endpoint, id);

  async function write(ref: RecoveryRef, number: number, state: RecoveryState): Promise<void> {
    await store.create(`${folder(ref)}${String(number).padStart(8, '0')}`, Buffer.from(JSON.stringify(state)));
  }

  return {
    async outcomes(tenant, untilMs, cursor) {
      const prefix = paths.index(tenant);
      const page = await store.list(prefix, { startAfter: prefix + (cursor ?? pastMs(untilMs + 1)), limit: PAGE });
      const outcomes = page.keys.flatMap((key): OutcomeName[] => {
        const name = parseIndexName(key);
        if (!name || name.state === 'queued') return [];
        return [
          {
            name: key.slice(prefix.length),
            job: fromInverted(name.id),
            generation: name.generation,
            state: name.state,
          },
        ];
      });
      return { outcomes, next: page.next?.slice(prefix.length) ?? null };
    },
    start: (ref, recovery) => write(ref, 0, { ...recovery, cursor: null }),
    async read(ref) {
      const newest = (await listAll(store, folder(ref))).at(-1);
      const body = newest === undefined ? null : await store.get(newest);
      return body && (JSON.parse(body.toString()) as RecoveryState);
    },
    reached: async (ref, state) => write(ref, (await listAll(store, folder(ref))).length, state),
    finish: async (ref) => store.delete(await listAll(store, folder(ref))),
    async *open() {
      let before = '';
      for await (const key of scan(store, paths.allRecoveries)) {
        const [, tenant, endpoint, id] = key.split('/');
        if (!tenant || !endpoint || !id || id === before) continue;
        before = id;
        yield { tenant, endpoint, id };
      }
    },
  };
}

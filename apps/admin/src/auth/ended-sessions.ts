/** Sessions that a logout has ended, kept in the ledger until they would have run out: so that they are over everywhere. */
import type { Clock } from '@cardseal/base/clock';
import { type EndedSessionsRecord, type Ledger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { IssuedSession } from './session.ts';

export interface EndedSessions {
  /** By a logout at this process. */
  isEndedHere(session: IssuedSession): boolean;
  /** Ids of those of an operator that were ended anywhere. */
  of(user: string): Promise<ReadonlySet<string>>;
  /** At once in this process, however the ledger is; elsewhere when it stands there. */
  end(session: IssuedSession): Promise<void>;
}

export function createEndedSessions(
  { operators: { endedSessions } }: Pick<Ledger, 'operators'>,
  clock: Clock,
): EndedSessions {
  const here = new Map<string, number>();

  function endHere({ id, untilMs }: IssuedSession): void {
    for (const [known, ms] of here) if (ms <= clock.now()) here.delete(known);
    here.set(id, untilMs);
  }

  return {
    isEndedHere: ({ id }) => here.has(id),
    async of(user) {
      const record = await endedSessions.get(SYSTEM_TENANT, user);
      return new Set(record?.value.ended.map(({ id }) => id));
    },
    async end(session) {
      endHere(session);
      const { user, id, untilMs } = session;
      const withIt = ({ ended }: EndedSessionsRecord): EndedSessionsRecord => ({
        ended: [...ended.filter((one) => one.untilMs > clock.now()), { id, untilMs }],
      });
      const isFirst =
        !(await endedSessions.get(SYSTEM_TENANT, user)) &&
        (await endedSessions.create(SYSTEM_TENANT, user, withIt({ ended: [] })));
      if (!isFirst) await endedSessions.change(SYSTEM_TENANT, user, withIt);
      await endedSessions.forgetOlder(SYSTEM_TENANT, user);
    },
  };
}

/**
 * Sessions that a logout ended. The ledger keeps them until they would have expired, so that every admin process
 * refuses them.
 */
import type { Clock } from '@cardseal/base/clock';
import { type EndedSessionsRecord, type Ledger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { IssuedSession } from './session.ts';

export interface EndedSessions {
  /** True after a logout at this process. */
  isEndedHere(session: IssuedSession): boolean;
  /** Ids of the operator's sessions that a logout at any process ended. */
  of(user: string): Promise<ReadonlySet<string>>;
  /** Ends the session in this process at once, even if the ledger fails. Other processes follow after the write. */
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

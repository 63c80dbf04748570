/** The five causes of a drill: the words by which the overview must name each, and the alert that must fire for it. */
import type { Consumer } from './consumer.ts';
import { PRIME, SPARE } from './credential-pool.ts';

export const CAUSES = ['quota', 'credential', 'endpoint', 'picture', 'redis'] as const;
export type Cause = (typeof CAUSES)[number];

export interface CauseRule {
  what: string;
  /** Matches the text of a trouble in JSON and on the page. */
  words: RegExp;
  alert: Readonly<Record<string, string>>;
}

export function causeRules({ host }: Pick<Consumer, 'host'>): Record<Cause, CauseRule> {
  return {
    quota: {
      what: `the day’s quota of ${PRIME} is used up (17)`,
      words: new RegExp(
        `credential ${PRIME} is not called, because the provider says that today’s quota is used up`,
        'i',
      ),
      alert: { alertname: 'QuotaGone', credential: PRIME },
    },
    credential: {
      what: `the key of ${SPARE} has lost its right (6)`,
      words: new RegExp(`credential ${SPARE} is not called, because the provider refuses how it is called`, 'i'),
      alert: { alertname: 'CredentialDead', credential: SPARE },
    },
    endpoint: {
      what: 'one of two webhook endpoints is away',
      words: new RegExp(`webhook endpoints? fails?: .*${host.replaceAll('.', '\\.')}`),
      alert: { alertname: 'ReceiverDown' },
    },
    picture: {
      what: 'an image crashes every worker that decodes it',
      words: /failed lately with worker_crashed/,
      alert: { alertname: 'CardsSetAside' },
    },
    redis: {
      what: 'Redis is stopped, and started again',
      words: /Redis does not answer/,
      alert: { alertname: 'RedisDown' },
    },
  };
}

export function matches(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

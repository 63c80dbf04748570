/** The five causes of a drill: the words by which the overview must name each, and the alert that must fire for it. */
import { reasonWords } from '../../../apps/admin/src/gates/words.ts';
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
      words: closedGate(PRIME, 'daily_quota'),
      alert: { alertname: 'QuotaGone', credential: PRIME },
    },
    credential: {
      what: `the key of ${SPARE} has lost its permission (6)`,
      words: closedGate(SPARE, 'configuration'),
      alert: { alertname: 'CredentialDead', credential: SPARE },
    },
    endpoint: {
      what: 'one of two webhook endpoints is away',
      words: new RegExp(`webhook endpoints? fails?: .*${escaped(host)}`),
      alert: { alertname: 'ReceiverDown' },
    },
    picture: {
      what: 'an image crashes every worker that decodes it',
      words: /failed recently with worker_crashed/,
      alert: { alertname: 'CardsSetAside' },
    },
    redis: {
      what: 'Redis is stopped and restarted',
      words: /Redis does not answer/,
      alert: { alertname: 'RedisDown' },
    },
  };
}

function closedGate(credential: string, reason: string): RegExp {
  const text = `gate of credential ${credential} is closed, because ${reasonWords(reason)}`;
  return new RegExp(escaped(text), 'i');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export function matches(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

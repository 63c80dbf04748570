/** Turns the numbers of the overview into a list of problems in plain words, the worst first. Pure. */
import { PROVIDER_OUTAGE } from '@cardseal/pacer';
import { endWords, reasonWords } from '../gates/words.ts';
import { count, rate, span } from '../pages/words.ts';
import type { Overview } from './view.ts';

export interface Trouble {
  tone: 'bad' | 'warn';
  what: string;
  /** What the problem means and what to do. */
  advice: string;
  href: string | null;
}

const LONG_WAIT_MS = 5 * 60_000;
const LONG_UNDELIVERED_MS = 30 * 60_000;
const NEARLY_USED = 0.9;
const MANY_REFUSED = 10;

export function diagnose(view: Overview): Trouble[] {
  return [
    ...outages(view),
    ...infrastructure(view),
    ...gates(view),
    ...quota(view),
    ...waiting(view),
    ...failures(view),
    ...endpoints(view),
  ].sort((a, b) => Number(a.tone === 'warn') - Number(b.tone === 'warn'));
}

function bad(what: string, advice: string, href: string | null = null): Trouble {
  return { tone: 'bad', what, advice, href };
}

function warn(what: string, advice: string, href: string | null = null): Trouble {
  return { tone: 'warn', what, advice, href };
}

function infrastructure({ redis, ledger, workerState }: Overview): Trouble[] {
  const down: Trouble[] = [];
  if (ledger === 'down')
    down.push(
      bad(
        'The object store does not answer.',
        'Jobs can be neither accepted nor recognised until it does. No accepted job is lost.',
      ),
    );
  if (redis === 'down')
    down.push(
      bad(
        'Redis does not answer.',
        'The API still accepts jobs; recognition and delivery wait. No accepted job is lost.',
      ),
    );
  else if (workerState === 'none')
    down.push(bad('No worker is running.', 'Jobs are accepted and wait. Start workers, or find out why they stop.'));
  else if (workerState === 'starting')
    down.push(warn('Workers are starting.', 'No worker has reported yet. Jobs are accepted and wait until one does.'));
  return down;
}

/** The worst problem: operators cannot end a provider outage, and every job waits for it. */
function outages({ credentials, steps, atMs }: Overview): Trouble[] {
  return (credentials ?? [])
    .filter(({ gate }) => gate.reason === PROVIDER_OUTAGE)
    .map(({ id, provider, gate }) => {
      const since =
        gate.since === undefined
          ? ''
          : ` since ${new Date(gate.since).toISOString().slice(0, 16).replace('T', ' ')} UTC (${span(atMs - gate.since)})`;
      const waiting = steps.queued.waiting === null ? '' : ` ${count(steps.queued.waiting)} jobs wait.`;
      const advice = [
        `Last error: ${gate.cause ?? 'unknown'}.${waiting}`,
        'No job fails and no attempt is spent. Probe calls detect when the provider is back.',
        'Runbook: docs/operate/runbook/provider-down.md.',
      ];
      return bad(
        `The provider ${provider ?? 'of the pool'} is down (credential ${id})${since}.`,
        advice.join(' '),
        `/gates#gate-${id}`,
      );
    });
}

function gates({ credentials }: Overview): Trouble[] {
  const shut = credentials?.filter(({ gate }) => gate.state === 'closed') ?? [];
  const all = shut.length > 0 && shut.length === credentials!.length;
  const closed = shut.filter(({ gate }) => gate.reason !== PROVIDER_OUTAGE);
  return closed.map(({ id, gate }) => {
    const what = `${all ? 'No job can be recognised: the' : 'The'} gate of credential ${id} is closed, because ${reasonWords(gate.reason)}.`;
    return {
      ...(all ? bad(what, '') : warn(what, '')),
      advice: `Closed: ${endWords(gate)}.`,
      href: `/gates#gate-${id}`,
    };
  });
}

function quota({ credentials }: Overview): Trouble[] {
  return (credentials ?? []).flatMap(({ id, gate, daily, usedToday, refusedLastMinute, currentQps, nominalQps }) => {
    if (gate.state === 'closed') return [];
    const found: Trouble[] = [];
    if (daily && usedToday >= daily * NEARLY_USED)
      found.push(
        warn(
          `Credential ${id} has used ${count(usedToday)} of today’s ${count(daily)} calls.`,
          'When the quota is used up, the gate closes until midnight in Shanghai.',
          '/gates',
        ),
      );
    if (refusedLastMinute >= MANY_REFUSED)
      found.push(
        warn(
          `The provider refused ${count(refusedLastMinute)} calls of ${id} in the last minute.`,
          `Workers lower the rate automatically: now ${rate(currentQps)} of ${rate(nominalQps)} calls a second.`,
          '/gates',
        ),
      );
    return found;
  });
}

function waiting({ steps, credentials, redis }: Overview): Trouble[] {
  const found: Trouble[] = [];
  const open = credentials?.some(({ gate }) => gate.state === 'open') ?? true;
  const { queued, delivering } = steps;
  if (redis === 'up' && open && (queued.oldestMs ?? 0) > LONG_WAIT_MS)
    found.push(
      warn(
        `A job has been waiting for ${span(queued.oldestMs!)}.`,
        `${count(queued.waiting ?? 0)} jobs wait. More arrive than the quota or the workers can process, or a job is stuck.`,
        '/jobs?state=queued',
      ),
    );
  if ((delivering.oldestMs ?? 0) > LONG_UNDELIVERED_MS)
    found.push(
      warn(
        `An outcome has been undelivered for ${span(delivering.oldestMs!)}.`,
        'Its endpoint fails or asked for a pause. Other endpoints are not affected.',
        '/endpoints',
      ),
    );
  return found;
}

const FAILURE_WORDS: Record<string, string> = {
  worker_crashed: 'An image or its response crashed workers. These jobs were quarantined.',
};

function failures({ failures: found, atMs }: Overview): Trouble[] {
  return (found ?? [])
    .filter(({ recent }) => recent > 0)
    .map(({ code, recent: number, lastAtMs }) => {
      const what = `${count(number)} ${number === 1 ? 'job' : 'jobs'} failed recently with ${code}.`;
      const advice = `${FAILURE_WORDS[code] ?? 'Retry them when the cause is fixed.'} Last ${span(atMs - lastAtMs)} ago.`;
      return warn(what, advice, `/jobs?state=failed&code=${encodeURIComponent(code)}`);
    });
}

function endpoints({ endpoints: found }: Overview): Trouble[] {
  if (!found) return [];
  const { failing, disabled, held } = found.counts;
  const names = (health: string) =>
    found.sick
      .filter((one) => one.health === health)
      .slice(0, 3)
      .map(({ tenant, host }) => `${host} (${tenant})`)
      .join(', ');
  const adviceToInform = (health: string) => {
    const tenants = found.sick.filter((one) => one.unheard && one.health === health).map(({ tenant }) => tenant);
    return tenants.length === 0
      ? ''
      : ` No other endpoint receives the notice: tell ${[...new Set(tenants)].slice(0, 3).join(', ')}.`;
  };
  return [
    failing > 0 &&
      bad(
        `${count(failing)} webhook ${failing === 1 ? 'endpoint fails' : 'endpoints fail'}: ${names('failing')}.`,
        `Pending deliveries are kept and retried.${adviceToInform('failing')}`,
        '/endpoints',
      ),
    disabled > 0 &&
      warn(
        `${count(disabled)} webhook ${disabled === 1 ? 'endpoint is' : 'endpoints are'} disabled: ${names('disabled')}.`,
        `Pending deliveries are kept until the endpoints are enabled.${adviceToInform('disabled')}`,
        '/endpoints',
      ),
    held > 0 &&
      warn(
        `${count(held)} webhook ${held === 1 ? 'endpoint asked' : 'endpoints asked'} for a pause: ${names('held')}.`,
        'Deliveries continue at the time that the receiver named in Retry-After.',
        '/endpoints',
      ),
  ].filter((one) => one !== false);
}

/**
 * Shows that the checker can fail: it accepts evidence without faults and rejects the same evidence with one fault at a
 * time.
 */
import { createHash } from 'node:crypto';
import { systemClock } from '@cardseal/base/clock';
import { encodeCheckpoint, type JobRequest, newJobId } from '@cardseal/core/job';
import { createLedger } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeAll, describe, expect, it } from 'vitest';
import { tooManyCalls } from '../injections/outage.ts';
import { INJECTIONS } from '../injections.ts';
import { type AcceptedJob, countRepeats, type Evidence, violations } from './index.ts';

const TENANT = 'bank';
const CALLED_AT = Date.now();
const STORED_AT = CALLED_AT + 200;
const CARD = { name: '张三' };

async function cleanEvidence(): Promise<Evidence> {
  const bucket = memoryObjectStore();
  const ledger = createLedger({ store: bucket, master: localMasterKey(Buffer.alloc(32, 3)), clock: systemClock });
  const accepted: AcceptedJob[] = [];
  const arrived: Evidence['arrived'][number][] = [];
  for (const n of [1, 2]) {
    const id = newJobId(CALLED_AT);
    const sealed = await ledger.jobs.start(TENANT, id);
    await sealed.commit({ sides: ['front'] } as unknown as JobRequest);
    const header = { v: 1, kind: 'reply', provider: 'p', at: new Date(STORED_AT).toISOString() } as const;
    await sealed.putReply('front', encodeCheckpoint({ header, reply: Buffer.from('{}') }));
    const full = JSON.stringify({ data: { id, result: { card: CARD } } });
    const eventId = `msg_${n}`;
    const outcome = { v: 1, generation: 1, state: 'succeeded', code: '-', atMs: STORED_AT, eventId, full } as const;
    await sealed.decide({ ...outcome, reference: '{}' });
    accepted.push({ id, tenant: TENANT, acceptedAtMs: CALLED_AT - 100, imageSha256: `image-${n}`, truth: CARD });
    const bytesSha256 = createHash('sha256').update(full).digest('hex');
    arrived.push({ id: eventId, type: 'job.succeeded', job: id, tenant: TENANT, bytesSha256, verified: true });
  }
  return {
    ledger,
    bucket,
    accepted,
    arrived,
    incidents: [],
    calls: accepted.map(({ imageSha256 }) => ({ at: CALLED_AT, outcome: 'accepted', image_sha256: imageSha256 })),
    foreignReads: [{ job: accepted[0]!.id, asked: 'other', status: 404 }],
    vitals: [{ process: 'api', maxRssBytes: 2e8, maxOpenFiles: 60, samples: 9 }],
    queueSamples: [{ atMs: 0, queued: 2, open: 2 }],
    queuedAtRest: 0,
  };
}

describe('the checker', () => {
  let evidence: Evidence;
  beforeAll(async () => {
    evidence = await cleanEvidence();
  });
  const again = (atMs: number) => [
    ...evidence.calls,
    { at: atMs, outcome: 'accepted', image_sha256: evidence.calls[0]!.image_sha256 },
  ];
  const kill = { kind: 'kill', cutCalls: 1, fails: [], fromMs: CALLED_AT + 50, toMs: CALLED_AT + 60 };
  const found = async (change: Partial<Evidence>) => (await violations({ ...evidence, ...change })).join('\n');
  const withArrived = (change: Partial<Evidence['arrived'][number]>) => [
    { ...evidence.arrived[0]!, ...change },
    evidence.arrived[1]!,
  ];

  it('finds nothing in evidence without faults', async () => expect(await found({})).toBe(''));

  it('I1: reports a job without a request, one id for two submits, and an unexplained failure', async () => {
    const [job] = evidence.accepted as [AcceptedJob];
    expect(await found({ accepted: [...evidence.accepted, { ...job, id: newJobId(1) }] })).toMatch(/I1 .*no request/);
    expect(await found({ accepted: [...evidence.accepted, job] })).toMatch(/I1: two submits/);
    const failing = await cleanEvidence();
    const id = newJobId(CALLED_AT);
    const sealed = await failing.ledger.jobs.start(TENANT, id);
    await sealed.commit({ sides: ['front'] } as unknown as JobRequest);
    const outcome = { v: 1, generation: 1, state: 'failed', code: 'upstream_timeout', atMs: STORED_AT } as const;
    await sealed.decide({ ...outcome, eventId: 'msg_3', full: '{}', reference: '{}' });
    const accepted = [{ ...job, id, truth: null }];
    expect((await violations({ ...failing, accepted })).join()).toMatch(/I1 .*upstream_timeout, and no incident/);
    const incident = { kind: 'upstream', cutCalls: 0, fails: ['upstream_'], fromMs: CALLED_AT, toMs: STORED_AT };
    expect((await violations({ ...failing, accepted, incidents: [incident] })).join()).not.toMatch(/no incident/);
    const other = { ...incident, fails: ['worker_'] };
    expect((await violations({ ...failing, accepted, incidents: [other] })).join()).toMatch(/no incident/);
    const earlier = { ...incident, fromMs: 0, toMs: CALLED_AT - 1000 };
    expect((await violations({ ...failing, accepted, incidents: [earlier] })).join()).toMatch(/no incident/);
  });

  it('I2: a repeated call needs an incident in between, and an incident with one cut call explains one', async () => {
    expect(await found({ calls: again(STORED_AT + 1000) })).toMatch(/I2: 1 repeated calls, 0 are explained/);
    expect(await found({ calls: again(STORED_AT + 1000), incidents: [kill] })).toBe('');
    const before = { ...kill, fromMs: CALLED_AT - 30_000, toMs: CALLED_AT - 20_000 };
    expect(await found({ calls: again(STORED_AT + 1000), incidents: [before] })).toMatch(/0 are explained/);
    const twice = [...again(STORED_AT + 1000), ...again(STORED_AT + 2000).slice(-1)];
    expect(await found({ calls: twice, incidents: [kill] })).toMatch(/2 repeated calls, 1 are explained/);
    // The bound never exceeds the number of calls near the incident.
    const bound = (incident: typeof kill) => countRepeats({ ...evidence, calls: twice, incidents: [incident] }).bound;
    expect(bound({ ...kill, cutCalls: 9 })).toBe(twice.length);
    expect(bound({ ...before, cutCalls: 9 })).toBe(0);
  });

  it('I2: reports a call after the reply was stored, whatever the incidents', async () => {
    const incidents = [{ ...kill, toMs: CALLED_AT + 90_000, cutCalls: 9 }];
    expect(await found({ calls: again(STORED_AT + 60_000), incidents })).toMatch(/I2 .*after its reply was stored/);
  });

  it('I3: reports a missing delivery, other bytes, a bad signature, and an event without an outcome', async () => {
    expect(await found({ arrived: evidence.arrived.slice(1) })).toMatch(/I3 .*never delivered/);
    expect(await found({ arrived: withArrived({ bytesSha256: 'x' }) })).toMatch(/I3 .*bytes differ/);
    expect(await found({ arrived: withArrived({ verified: false }) })).toMatch(/I3 .*signature/);
    expect(await found({ arrived: [...evidence.arrived, { ...evidence.arrived[0]!, id: 'msg_9' }] })).toMatch(
      /I3 .*no outcome/,
    );
  });

  it('I3: an absent endpoint record explains only outcomes that were decided meanwhile', async () => {
    const missing = { arrived: evidence.arrived.slice(1) };
    const absent = {
      kind: 'absent',
      cutCalls: 0,
      fails: [],
      fromMs: CALLED_AT,
      toMs: STORED_AT,
      hiddenEndpointOf: TENANT,
    };
    expect(await found({ ...missing, incidents: [absent] })).toBe('');
    expect(await found({ ...missing, incidents: [{ ...absent, hiddenEndpointOf: 'other' }] })).toMatch(/I3/);
    const later = { ...absent, fromMs: STORED_AT + 16_000, toMs: STORED_AT + 17_000 };
    expect(await found({ ...missing, incidents: [later] })).toMatch(/I3 .*never delivered/);
    expect(await found({ incidents: [absent], arrived: withArrived({ verified: false }) })).toMatch(/I3 .*signature/);
  });

  it('I5: reports the images of a succeeded job unless their removal is scheduled', async () => {
    const left = await cleanEvidence();
    const [job] = left.accepted as [AcceptedJob];
    await (await left.ledger.jobs.open(TENANT, job.id))!.putImage('front', Buffer.from('image'));
    expect((await violations(left)).join()).toMatch(/I5 .*images are still there/);
    await left.ledger.jobs.schedule.at(CALLED_AT + 5000, { tenant: TENANT, job: job.id, what: 'pictures' });
    expect(await violations(left)).toEqual([]);
  });

  it('reports what an injection itself found broken', async () => {
    const incident = {
      kind: 'api drained',
      cutCalls: 0,
      fails: [],
      fromMs: 0,
      toMs: 1,
      broken: ['I6: api did not end'],
    };
    expect(await found({ incidents: [incident] })).toBe('I6: api did not end ("api drained")');
  });

  it('an outage explains no failed job and no more calls than a circuit breaker needs', () => {
    const rules = Object.entries(INJECTIONS).filter(([name]) => name.startsWith('provider '));
    expect(rules).toHaveLength(5);
    for (const [name, rule] of rules) expect('fails' in rule ? rule.fails : undefined, name).toBeUndefined();
    expect(tooManyCalls(31, 30_000)).toEqual([]);
    expect(tooManyCalls(32, 30_000)).toEqual([expect.stringContaining('32 calls in an outage of 30 s')]);
  });

  it('I4: reports the result of another card', async () => {
    const accepted = evidence.accepted.map((job) => ({ ...job, truth: { name: '李四' } }));
    expect(await found({ accepted })).toMatch(/I4 .*does not match the card/);
  });

  it('I6: reports a marker that still exists', async () => {
    const bucket = memoryObjectStore();
    await bucket.put('pending/bank/x.1', Buffer.alloc(0));
    expect(await found({ bucket })).toMatch(/I6: pending/);
  });

  it('I7: reports an event at a foreign endpoint, an unknown job and a foreign read', async () => {
    expect(await found({ arrived: withArrived({ tenant: 'other' }) })).toMatch(/I7 .*of bank, but delivered to other/);
    expect(await found({ accepted: evidence.accepted.slice(1) })).toMatch(/I7 .*never accepted/);
    const foreignReads = [{ job: evidence.accepted[0]!.id, asked: 'other', status: 200 }];
    expect(await found({ foreignReads })).toMatch(/I7 .*other read it/);
  });

  it('I8: reports memory, open files, and queues under load and at rest', async () => {
    const [api] = evidence.vitals;
    expect(await found({ vitals: [{ ...api!, maxRssBytes: 2e9 }] })).toMatch(/I8 api: 1907 MiB/);
    expect(await found({ vitals: [{ ...api!, maxOpenFiles: 5000 }] })).toMatch(/I8 api: 5000 open files/);
    const long = [0, 30_000, 60_000].map((atMs) => ({ atMs, queued: 500, open: 3 }));
    expect(await found({ queueSamples: long })).toMatch(/I8: for 60000 ms more jobs queued/);
    const explained = { atMs: 45_000, queued: 500, open: 480 };
    expect(await found({ queueSamples: long.toSpliced(2, 0, explained) })).not.toMatch(/I8/);
    expect(await found({ queuedAtRest: 4 })).toMatch(/I8: 4 jobs/);
  });
});

/** The checker can fail: a night in which all is well, and the same night with one thing wrong at a time. */
import { createHash } from 'node:crypto';
import { systemClock } from '@cardseal/base/clock';
import { encodeCheckpoint, type JobRequest, newJobId } from '@cardseal/core/job';
import { createLedger } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { beforeAll, describe, expect, it } from 'vitest';
import { tooManyCalls } from '../injections/outage.ts';
import { STRIKES } from '../injections.ts';
import { countRepeats, type Evidence, type ToldJob, violations } from './index.ts';

const TENANT = 'bank';
const CALLED_AT = Date.now();
const STORED_AT = CALLED_AT + 200;
const CARD = { name: '张三' };

async function goodNight(): Promise<Evidence> {
  const bucket = memoryObjectStore();
  const ledger = createLedger({ store: bucket, master: localMasterKey(Buffer.alloc(32, 3)), clock: systemClock });
  const told: ToldJob[] = [];
  const arrived: Evidence['arrived'][number][] = [];
  for (const n of [1, 2]) {
    const id = newJobId(CALLED_AT);
    const sealed = await ledger.startJob(TENANT, id);
    await sealed.commit({ sides: ['front'] } as unknown as JobRequest);
    const header = { v: 1, kind: 'reply', provider: 'p', at: new Date(STORED_AT).toISOString() } as const;
    await sealed.putReply('front', encodeCheckpoint({ header, reply: Buffer.from('{}') }));
    const full = JSON.stringify({ data: { id, result: { card: CARD } } });
    const eventId = `msg_${n}`;
    const outcome = { v: 1, generation: 1, state: 'succeeded', code: '-', atMs: STORED_AT, eventId, full } as const;
    await sealed.decide({ ...outcome, reference: '{}' });
    told.push({ id, tenant: TENANT, toldAtMs: CALLED_AT - 100, pictureSha256: `picture-${n}`, truth: CARD });
    const bytesSha256 = createHash('sha256').update(full).digest('hex');
    arrived.push({ id: eventId, type: 'job.succeeded', job: id, tenant: TENANT, bytesSha256, verified: true });
  }
  return {
    ledger,
    bucket,
    told,
    arrived,
    incidents: [],
    calls: told.map(({ pictureSha256 }) => ({ at: CALLED_AT, outcome: 'accepted', image_sha256: pictureSha256 })),
    foreignReads: [{ job: told[0]!.id, asked: 'other', status: 404 }],
    vitals: [{ process: 'api', maxRssBytes: 2e8, maxOpenFiles: 60, samples: 9 }],
    queueSamples: [{ atMs: 0, queued: 2, open: 2 }],
    queuedAtRest: 0,
  };
}

describe('the checker', () => {
  let night: Evidence;
  beforeAll(async () => {
    night = await goodNight();
  });
  const again = (atMs: number) => [
    ...night.calls,
    { at: atMs, outcome: 'accepted', image_sha256: night.calls[0]!.image_sha256 },
  ];
  const kill = { kind: 'kill', wires: 1, fails: [], fromMs: CALLED_AT + 50, toMs: CALLED_AT + 60 };
  const found = async (change: Partial<Evidence>) => (await violations({ ...night, ...change })).join('\n');
  const spoilt = (change: Partial<Evidence['arrived'][number]>) => [
    { ...night.arrived[0]!, ...change },
    night.arrived[1]!,
  ];

  it('finds nothing where nothing is wrong', async () => expect(await found({})).toBe(''));

  it('I1: a job without a request, a job told twice, a failure that nothing explains', async () => {
    const [job] = night.told as [ToldJob];
    expect(await found({ told: [...night.told, { ...job, id: newJobId(1) }] })).toMatch(/I1 .*no request/);
    expect(await found({ told: [...night.told, job] })).toMatch(/I1: two submits/);
    const failing = await goodNight();
    const id = newJobId(CALLED_AT);
    const sealed = await failing.ledger.startJob(TENANT, id);
    await sealed.commit({ sides: ['front'] } as unknown as JobRequest);
    const outcome = { v: 1, generation: 1, state: 'failed', code: 'upstream_timeout', atMs: STORED_AT } as const;
    await sealed.decide({ ...outcome, eventId: 'msg_3', full: '{}', reference: '{}' });
    const told = [{ ...job, id, truth: null }];
    expect((await violations({ ...failing, told })).join()).toMatch(/I1 .*upstream_timeout, and nothing/);
    const incident = { kind: 'upstream', wires: 0, fails: ['upstream_'], fromMs: CALLED_AT, toMs: STORED_AT };
    expect((await violations({ ...failing, told, incidents: [incident] })).join()).not.toMatch(/nothing that was/);
    const other = { ...incident, fails: ['worker_'] };
    expect((await violations({ ...failing, told, incidents: [other] })).join()).toMatch(/nothing that was/);
    const earlier = { ...incident, fromMs: 0, toMs: CALLED_AT - 1000 };
    expect((await violations({ ...failing, told, incidents: [earlier] })).join()).toMatch(/nothing that was/);
  });

  it('I2: a repeated call needs a wire that was cut in between, and a wire explains one', async () => {
    expect(await found({ calls: again(STORED_AT + 1000) })).toMatch(/I2: 1 repeated calls, 0 are explained/);
    expect(await found({ calls: again(STORED_AT + 1000), incidents: [kill] })).toBe('');
    const before = { ...kill, fromMs: CALLED_AT - 30_000, toMs: CALLED_AT - 20_000 };
    expect(await found({ calls: again(STORED_AT + 1000), incidents: [before] })).toMatch(/0 are explained/);
    const twice = [...again(STORED_AT + 1000), ...again(STORED_AT + 2000).slice(-1)];
    expect(await found({ calls: twice, incidents: [kill] })).toMatch(/2 repeated calls, 1 are explained/);
    // No more calls than there were near it, however many wires it cut.
    const bound = (incident: typeof kill) => countRepeats({ ...night, calls: twice, incidents: [incident] }).bound;
    expect(bound({ ...kill, wires: 9 })).toBe(twice.length);
    expect(bound({ ...before, wires: 9 })).toBe(0);
  });

  it('I2: no call after the reply was stored, whatever was done', async () => {
    const incidents = [{ ...kill, toMs: CALLED_AT + 90_000, wires: 9 }];
    expect(await found({ calls: again(STORED_AT + 60_000), incidents })).toMatch(/I2 .*after its reply was stored/);
  });

  it('I3: nothing undelivered, no other bytes, no bad signature, no event of no outcome', async () => {
    expect(await found({ arrived: night.arrived.slice(1) })).toMatch(/I3 .*never delivered/);
    expect(await found({ arrived: spoilt({ bytesSha256: 'x' }) })).toMatch(/I3 .*other bytes/);
    expect(await found({ arrived: spoilt({ verified: false }) })).toMatch(/I3 .*signature/);
    expect(await found({ arrived: [...night.arrived, { ...night.arrived[0]!, id: 'msg_9' }] })).toMatch(
      /I3 .*no outcome/,
    );
  });

  it('I3: of an outcome that was decided while the endpoint was hidden, and of no other', async () => {
    const missing = { arrived: night.arrived.slice(1) };
    const absent = {
      kind: 'absent',
      wires: 0,
      fails: [],
      fromMs: CALLED_AT,
      toMs: STORED_AT,
      hiddenEndpointOf: TENANT,
    };
    expect(await found({ ...missing, incidents: [absent] })).toBe('');
    expect(await found({ ...missing, incidents: [{ ...absent, hiddenEndpointOf: 'other' }] })).toMatch(/I3/);
    const later = { ...absent, fromMs: STORED_AT + 16_000, toMs: STORED_AT + 17_000 };
    expect(await found({ ...missing, incidents: [later] })).toMatch(/I3 .*never delivered/);
    expect(await found({ incidents: [absent], arrived: spoilt({ verified: false }) })).toMatch(/I3 .*signature/);
  });

  it('I5: the images of a succeeded job, unless their removal is pending', async () => {
    const left = await goodNight();
    const [job] = left.told as [ToldJob];
    await (await left.ledger.openJob(TENANT, job.id))!.putImage('front', Buffer.from('image'));
    expect((await violations(left)).join()).toMatch(/I5 .*images are still there/);
    await left.ledger.schedule.at(CALLED_AT + 5000, { tenant: TENANT, job: job.id, what: 'pictures' });
    expect(await violations(left)).toEqual([]);
  });

  it('what a strike itself found broken', async () => {
    const incident = { kind: 'api drained', wires: 0, fails: [], fromMs: 0, toMs: 1, broken: ['I6: api did not end'] };
    expect(await found({ incidents: [incident] })).toBe('I6: api did not end ("api drained")');
  });

  it('an outage explains no failed job, and no more calls than a circuit breaker needs', () => {
    const rules = Object.entries(STRIKES).filter(([name]) => name.startsWith('provider '));
    expect(rules).toHaveLength(5);
    for (const [name, rule] of rules) expect('fails' in rule ? rule.fails : undefined, name).toBeUndefined();
    expect(tooManyCalls(31, 30_000)).toEqual([]);
    expect(tooManyCalls(32, 30_000)).toEqual([expect.stringContaining('32 calls in an outage of 30 s')]);
  });

  it('I4: a result of another card', async () => {
    const told = night.told.map((job) => ({ ...job, truth: { name: '李四' } }));
    expect(await found({ told })).toMatch(/I4 .*not what the card says/);
  });

  it('I6: a marker that still stands', async () => {
    const bucket = memoryObjectStore();
    await bucket.put('pending/bank/x.1', Buffer.alloc(0));
    expect(await found({ bucket })).toMatch(/I6: pending/);
  });

  it('I7: an event at a foreign endpoint, a job that nobody submitted, a foreign read', async () => {
    expect(await found({ arrived: spoilt({ tenant: 'other' }) })).toMatch(/I7 .*of bank, but told to other/);
    expect(await found({ told: night.told.slice(1) })).toMatch(/I7 .*never accepted/);
    const foreignReads = [{ job: night.told[0]!.id, asked: 'other', status: 200 }];
    expect(await found({ foreignReads })).toMatch(/I7 .*other read it/);
  });

  it('I8: memory, open files, queues under way and at rest', async () => {
    const [api] = night.vitals;
    expect(await found({ vitals: [{ ...api!, maxRssBytes: 2e9 }] })).toMatch(/I8 api: 1907 MiB/);
    expect(await found({ vitals: [{ ...api!, maxOpenFiles: 5000 }] })).toMatch(/I8 api: 5000 open files/);
    const long = [0, 30_000, 60_000].map((atMs) => ({ atMs, queued: 500, open: 3 }));
    expect(await found({ queueSamples: long })).toMatch(/I8: for 60000 ms more jobs queued/);
    const explained = { atMs: 45_000, queued: 500, open: 480 };
    expect(await found({ queueSamples: long.toSpliced(2, 0, explained) })).not.toMatch(/I8/);
    expect(await found({ queuedAtRest: 4 })).toMatch(/I8: 4 jobs/);
  });
});

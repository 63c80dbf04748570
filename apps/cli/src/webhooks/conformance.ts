/**
 * The conformance kit: sends valid and invalid webhooks to a consumer in test mode and grades its responses. It signs
 * with its own code instead of `packages/webhook`, so that it checks the standard and not the sender. It sends no
 * personal data.
 */
import { createHmac, randomBytes } from 'node:crypto';

interface Shot {
  id: string;
  timestampS: number;
  body: string;
  signature: string;
}

export type Fire = (shot: Shot) => Promise<{ status: number | null; latencyMs: number }>;

export interface Grade {
  check: string;
  passed: boolean;
  got: string;
  advice: string;
}

const STALE_S = 3600;
const OVERSIZED_BYTES = 512 * 1024;
const IN_TIME_MS = 15_000;

/** @param secret `whsec_…`, known to the consumer. @param oldSecret one that the consumer has replaced, for rotation. */
export async function checkConformance(fire: Fire, secret: string, nowMs = Date.now()): Promise<Grade[]> {
  const nowS = Math.floor(nowMs / 1000);
  const grades: Grade[] = [];
  const run = async (check: string, wanted: 'accepted' | 'refused', shot: Shot, advice: string) => {
    const { status, latencyMs } = await fire(shot);
    const accepted = status !== null && status >= 200 && status < 300;
    const refused = status !== null && status >= 400 && status < 500;
    const passed = (wanted === 'accepted' ? accepted : refused) && latencyMs <= IN_TIME_MS;
    grades.push({ check, passed, got: `${status ?? 'no response'} in ${Math.round(latencyMs)} ms`, advice });
  };
  const valid = shotOf(event('valid', nowMs), nowS, secret);
  await run('valid', 'accepted', valid, 'Verify the raw bytes as received, and respond 2xx once the event is stored.');
  await run('duplicated', 'accepted', valid, 'Respond 2xx to a known id and do nothing else: deliveries repeat.');
  const again = shotOf(valid.body, nowS + 1, secret, valid.id);
  await run('tried again later', 'accepted', again, 'The same id arrives with a new timestamp on every attempt.');
  const older = shotOf(event('out-of-order', nowMs - 600_000), nowS, secret);
  await run('out of order', 'accepted', older, 'Events arrive in any order: sort by `data`, never by arrival.');
  const two = shotOf(event('rotated', nowMs), nowS, secret);
  const stranger = signature(newSecret(), two.id, nowS, two.body);
  const rotated = { ...two, signature: `${stranger} ${two.signature} v1a,AAAA` };
  await run(
    'rotated',
    'accepted',
    rotated,
    'Accept if any of the signatures in the list matches; skip unknown versions.',
  );
  const unknown = shotOf(event('unknown', nowMs, 'future.event'), nowS, secret);
  await run('unknown type', 'accepted', unknown, 'Respond 2xx to unknown types: new ones may be added.');
  const large = shotOf(event('large', nowMs, 'job.succeeded', OVERSIZED_BYTES), nowS, secret);
  await run('oversized', 'accepted', large, 'Allow bodies of 1 MiB: a full result with boxes can be large.');
  const stale = shotOf(event('stale', nowMs), nowS - STALE_S, secret);
  await run(
    'stale',
    'refused',
    stale,
    'Refuse a timestamp more than five minutes from your clock: it may be a replay.',
  );
  const early = shotOf(event('early', nowMs), nowS + STALE_S, secret);
  await run('from the future', 'refused', early, 'Refuse timestamps ahead of your clock too.');
  const tampered = shotOf(event('tampered', nowMs), nowS, secret);
  const changed = { ...tampered, body: tampered.body.replace('tampered', 'tamperef') };
  await run('tampered body', 'refused', changed, 'Verify before parsing, over exactly the bytes that arrived.');
  const otherId = { ...valid, id: `msg_${randomBytes(16).toString('hex')}` };
  await run('tampered id', 'refused', otherId, 'The id is signed: include it in what you verify.');
  const foreign = shotOf(event('foreign', nowMs), nowS, newSecret());
  await run('foreign secret', 'refused', foreign, 'Refuse events that no valid secret has signed.');
  const unsigned = { ...shotOf(event('unsigned', nowMs), nowS, secret), signature: '' };
  await run('unsigned', 'refused', unsigned, 'Refuse a request without a signature.');
  return grades;
}

function event(name: string, atMs: number, type = 'job.succeeded', padBytes = 0): string {
  const pad = padBytes > 0 ? { metadata: { padding: 'x'.repeat(padBytes) } } : {};
  const data = {
    id: 'job_00000000000000000000000000',
    generation: 1,
    state: 'succeeded',
    reference: `check-${name}`,
    ...pad,
  };
  return JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
}

function shotOf(body: string, timestampS: number, secret: string, id = `msg_${randomBytes(16).toString('hex')}`): Shot {
  return { id, timestampS, body, signature: signature(secret, id, timestampS, body) };
}

function signature(secret: string, id: string, timestampS: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`;
}

export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** The vectors as cases for a verifier in any language: its input and whether it must accept. */
import { readFileSync } from 'node:fs';

export interface VerifierCase {
  name: string;
  secret: string;
  id?: string;
  timestamp?: string;
  signature?: string;
  body: Buffer;
  nowS: number;
  genuine: boolean;
}

interface Vector {
  name: string;
  secret?: string;
  id: string;
  timestamp: number;
  payload: string;
  signature: string;
}

const FILE = new URL('../../vectors/standard-webhooks.json', import.meta.url);
const FOREIGN = 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=';

export function verifierCases(): VerifierCase[] {
  const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] };
  const signed = vectors.filter(({ signature }) => signature.startsWith('v1,'));
  const base = caseOf(signed[0] as Vector, '');
  return [...signed.map((vector) => caseOf(vector, base.secret)), ...variations(base)];
}

function caseOf(vector: Vector, secret: string): VerifierCase {
  const { name, id, timestamp, signature } = vector;
  const body = Buffer.from(vector.payload);
  const given = { id, timestamp: String(timestamp), signature, body };
  return { name, secret: vector.secret ?? secret, ...given, nowS: timestamp, genuine: true };
}

function variations(base: VerifierCase): VerifierCase[] {
  const bad = (name: string, change: Partial<VerifierCase>) => ({ ...base, ...change, name, genuine: false });
  const { id: _id, ...withoutId } = base;
  const { timestamp: _timestamp, ...withoutTimestamp } = base;
  const { signature = '', ...withoutSignature } = base;
  const third = [FOREIGN, 'v2,abc', signature, FOREIGN].join(' ');
  return [
    { ...base, name: 'the valid signature third of four', signature: third },
    { ...base, name: '300 s old', nowS: base.nowS + 300 },
    { ...base, name: '300 s ahead', nowS: base.nowS - 300 },
    { ...withoutId, name: 'no id', genuine: false },
    { ...withoutTimestamp, name: 'no timestamp', genuine: false },
    { ...withoutSignature, name: 'no signature', genuine: false },
    bad('timestamp hello', { timestamp: 'hello' }),
    bad('timestamp with a sign', { timestamp: `+${base.timestamp}` }),
    bad('301 s old', { nowS: base.nowS + 301 }),
    bad('301 s ahead', { nowS: base.nowS - 301 }),
    bad('v1,', { signature: 'v1,' }),
    bad('cut to 8 characters', { signature: signature.slice(0, 8) }),
    bad('v1 without comma', { signature: 'v1' }),
    bad('an unknown version', { signature: signature.replace('v1,', 'v2,') }),
    bad('an empty secret', { secret: '' }),
    bad('a secret of the prefix alone', { secret: 'whsec_' }),
    bad('only a foreign signature', { signature: FOREIGN }),
    bad('another id', { id: 'msg_other' }),
    bad('another timestamp', { timestamp: String(base.nowS + 1) }),
    bad('another body', { body: Buffer.concat([base.body, Buffer.from(' ')]) }),
  ];
}

/**
 * Sends the canary person through every kind of request, and lists the secret patterns that identify any trace of it.
 */
import type { Specimen } from '@cardseal/emulator/cards';
import type { TestStack, WebhookSink } from '../support/stack.ts';
import { imagePatterns, patternsOf, type SecretPattern } from './secret-patterns.ts';

/** Customers put personal data into references, metadata and idempotency keys, whatever the manual says. */
const REFERENCE = '客户诸葛孔明 51010119810727';
const METADATA = { 'customer-司马仲达': '成都市武侯祠大街贰佰叁拾壹号' };
const IDEMPOTENCY_KEY = 'customer-51010119810727-zhuge-kongming';
const HEADER = 'internal-token-3f9c27aa51d04be8';

export function canaryPatterns(specimens: readonly Specimen[]): SecretPattern[] {
  return [
    ...patternsOf('reference', REFERENCE),
    ...patternsOf('metadata key', Object.keys(METADATA)[0]!),
    ...patternsOf('metadata value', Object.values(METADATA)[0]!),
    ...patternsOf('idempotency key', IDEMPOTENCY_KEY),
    ...patternsOf('webhook header', HEADER),
    ...specimens.flatMap((specimen) => specimenPatterns(specimen)),
  ];
}

function specimenPatterns({ n, front, back, truth: { card } }: Specimen): SecretPattern[] {
  const texts = {
    name: card.name,
    address: card.address,
    id_number: card.id_number,
    authority: card.issuing_authority,
  };
  const defined = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return [
    ...defined.flatMap(([field, text]) => patternsOf(`card ${n} ${field}`, text)),
    ...imagePatterns(`card ${n} front`, front),
    ...imagePatterns(`card ${n} back`, back),
  ];
}

/** Registers one endpoint for each payload mode. Every endpoint receives all events. */
export async function subscribeEveryMode(app: TestStack, sink: WebhookSink, publicKey: object): Promise<void> {
  for (const payload of ['full', 'reference', 'encrypted']) {
    const { status } = await postJson(app, '/v1/webhook-endpoints', {
      url: `${sink.url}${payload}`,
      payload,
      headers: { 'x-internal': HEADER },
      ...(payload === 'encrypted' ? { public_key: publicKey } : {}),
    });
    if (status !== 201) throw new Error(`endpoint: ${status}`);
  }
}

/**
 * Covers success, failure, retry, rejected images, rejected requests and every kind of request body. Returns the job
 * ids.
 */
export async function runEveryScenario(app: TestStack, [good, other]: readonly Specimen[]): Promise<string[]> {
  const terms = { reference: REFERENCE, metadata: METADATA, keep_images: true };
  const source = (bytes: Buffer) => ({ image: bytes.toString('base64') });
  const card = { front: source(good!.front), back: source(good!.back), ...terms };
  const options = { detect_photo: true, detect_card: true };

  const keyed = await postJson(app, '/v1/jobs', { ...card, options }, { 'idempotency-key': IDEMPOTENCY_KEY });
  const succeeded = await app.finished(keyed.body.id);

  await app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
  const failed = await app.finished((await postJson(app, '/v1/jobs', card)).body.id);
  await app.control('PUT', { faults: ['html', 'truncate', 'garbage_cipher'].map((kind) => ({ kind, count: 1 })) });
  await app.call('POST', `/v1/jobs/${failed.id}/retry`);
  await app.finished(failed.id);
  await app.control('DELETE');

  const bare = await app.call('POST', '/v1/jobs?side=front', {
    body: new Uint8Array(other!.front),
    headers: { 'content-type': 'image/jpeg' },
  });
  const form = new FormData();
  form.set('front', new Blob([new Uint8Array(other!.front)], { type: 'image/jpeg' }), `${REFERENCE}.jpg`);
  form.set('request', JSON.stringify(terms));
  const multipart = await app.call('POST', '/v1/jobs', { body: form });
  await refusedRequests(app, card);
  const rest = await Promise.all([app.finished(bare.body.id), app.finished(multipart.body.id)]);
  return [succeeded, failed, ...rest].map(({ id }) => id);
}

/** Rejected requests also carry personal data, and error paths print the most. */
async function refusedRequests(app: TestStack, card: object): Promise<void> {
  const name = Object.keys(METADATA)[0]!;
  await postJson(app, '/v1/jobs', { ...card, [name]: REFERENCE });
  await postJson(app, '/v1/jobs', { ...card, priority: REFERENCE });
  await postJson(app, '/v1/jobs', card, { 'idempotency-key': IDEMPOTENCY_KEY });
  await postJson(app, '/v1/jobs', { front: { image: Buffer.from(REFERENCE).toString('base64') } });
  await app.call('POST', '/v1/jobs', {
    body: `{"reference": "${REFERENCE}`,
    headers: { 'content-type': 'application/json' },
  });
  await app.call('GET', `/v1/jobs/${encodeURIComponent(REFERENCE)}?reference=${encodeURIComponent(REFERENCE)}`);
}

function postJson(app: TestStack, route: string, body: object, headers: Record<string, string> = {}) {
  return app.call('POST', route, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

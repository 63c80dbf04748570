/** The canary person, sent through everything that a card can meet; and the needles by which any trace is known. */
import type { Specimen } from '@cardseal/emulator/cards';
import type { TestStack, WebhookSink } from '../support/stack.ts';
import { type Needle, needlesOf, pictureNeedles } from './secret-patterns.ts';

/** Customers put people into references, metadata and idempotency keys, whatever the manual says. */
const REFERENCE = '客户诸葛孔明 51010119810727';
const METADATA = { 'customer-司马仲达': '成都市武侯祠大街贰佰叁拾壹号' };
const IDEMPOTENCY_KEY = 'customer-51010119810727-zhuge-kongming';
const HEADER = 'internal-token-3f9c27aa51d04be8';

export function canaryNeedles(specimens: readonly Specimen[]): Needle[] {
  return [
    ...needlesOf('reference', REFERENCE),
    ...needlesOf('metadata key', Object.keys(METADATA)[0]!),
    ...needlesOf('metadata value', Object.values(METADATA)[0]!),
    ...needlesOf('idempotency key', IDEMPOTENCY_KEY),
    ...needlesOf('webhook header', HEADER),
    ...specimens.flatMap((specimen) => specimenNeedles(specimen)),
  ];
}

function specimenNeedles({ n, front, back, truth: { card } }: Specimen): Needle[] {
  const texts = {
    name: card.name,
    address: card.address,
    id_number: card.id_number,
    authority: card.issuing_authority,
  };
  const defined = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return [
    ...defined.flatMap(([field, text]) => needlesOf(`card ${n} ${field}`, text)),
    ...pictureNeedles(`card ${n} front`, front),
    ...pictureNeedles(`card ${n} back`, back),
  ];
}

/** An endpoint of every payload mode, all of them listening to everything. */
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

/** Success, failure, retry, refused pictures, refused requests, and every form of body. Returns the ids of the jobs. */
export async function liveThroughEverything(app: TestStack, [good, other]: readonly Specimen[]): Promise<string[]> {
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

/** What is refused is personal too, and error paths talk the most. */
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

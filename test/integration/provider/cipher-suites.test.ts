/** Every cipher suite that can be configured, from the real provider to the emulator and back. */

import { systemClock } from '@cardseal/base/clock';
import type { Provider } from '@cardseal/core/provider';
import { createEmulator, DEFAULT_CONFIG, type Emulator } from '@cardseal/emulator';
import { generateSpecimens } from '@cardseal/emulator/cards';
import {
  type CipherSuite,
  createBaiduProvider,
  createIdCardClient,
  createTokenFetcher,
  createTokenSource,
  type IdCardClient,
  memoryTokenStore,
  rsaKeyWrapper,
  type SealedRequest,
} from '@cardseal/providers/baidu';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

const KEYS = { api_key: 'key-of-the-test', secret_key: 'secret-of-the-test', aes_key: '0123456789abcdef' };
const SUITES: [CipherSuite['mode'], CipherSuite['iv']][] = [
  ['ecb', 'none'],
  ['cbc', 'zero'],
  ['cbc', 'random-prefix'],
  ['gcm', 'zero'],
  ['gcm', 'random-prefix'],
];

let front: Buffer;
let name: string;
let stop: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 61, scenario: 'good', scale: 0.5 }));
  front = specimen!.front;
  name = specimen!.truth.card.name!;
});
afterEach(async () => {
  for (const one of stop.reverse()) await one();
  stop = [];
});

interface Parts {
  provider?: 'baidu-idcard-enc' | 'baidu-idcard-aes';
  theirs?: Pick<CipherSuite, 'mode' | 'iv'>;
  ours?: CipherSuite;
  replyField?: string;
}

async function connect({
  provider = 'baidu-idcard-enc',
  theirs,
  ours,
  replyField,
}: Parts): Promise<Provider<SealedRequest>> {
  const emulator: Emulator = createEmulator({
    ...DEFAULT_CONFIG,
    credentials: [{ id: 'one', provider, ...KEYS }],
    ...(theirs ? { suite: { mode: theirs.mode, iv: theirs.iv } } : {}),
    ...(replyField ? { replyField } : {}),
  });
  const baseUrl = `http://127.0.0.1:${(await emulator.start()).port}`;
  const client: IdCardClient = createIdCardClient({ baseUrl });
  stop = [() => emulator.stop(), () => client.stop()];
  await fetch(`${baseUrl}/__control`, { method: 'PUT', body: '{"latency_ms":{"p50":0,"p99":0}}' });
  const pem = Buffer.from(await (await fetch(`${baseUrl}/__control/public-key`)).arrayBuffer());
  const tokenSource = createTokenSource({
    credentialId: 'one',
    apiKey: KEYS.api_key,
    secretKey: KEYS.secret_key,
    fetchToken: createTokenFetcher(client),
    store: memoryTokenStore(systemClock),
    clock: systemClock,
  });
  return createBaiduProvider({
    credential: { id: 'one', provider, aesKey: KEYS.aes_key },
    ...(ours ? { suite: ours } : {}),
    keyWrapper: rsaKeyWrapper(pem),
    tokenSource,
    client,
  });
}

async function readName(provider: Provider<SealedRequest>): Promise<string> {
  const signal = new AbortController().signal;
  const seal = () => provider.seal(front, 'front', { detect_risk: true, detect_photo: true }, signal);
  const reply = await provider.call(await seal(), signal, { onRepeat: async () => {}, reseal: seal });
  expect(reply.logId).toMatch(/^\d{18,20}$/);
  return JSON.parse(reply.plaintext.toString()).words_result.姓名.words;
}

describe('cipher suites', () => {
  for (const keyBits of [128, 256] as const) {
    it.each(SUITES)(`AES-${keyBits}-%s, IV %s`, async (mode, iv) => {
      const suite = { keyBits, mode, iv, replyField: 'result' } as const;
      expect(await readName(await connect({ theirs: suite, ours: suite }))).toBe(name);
    });
  }

  it('the field of the reply is a setting', async () => {
    const ours = { keyBits: 128, mode: 'ecb', iv: 'none', replyField: 'encrypted_result' } as const;
    expect(await readName(await connect({ ours, replyField: 'encrypted_result' }))).toBe(name);
  });

  it('another suite than the provider uses is refused as an image that cannot be opened', async () => {
    const ours = { keyBits: 256, mode: 'gcm', iv: 'random-prefix', replyField: 'result' } as const;
    const reading = connect({ theirs: { mode: 'ecb', iv: 'none' }, ours }).then(readName);
    await expect(reading).rejects.toMatchObject({ code: 'image_format_refused', disposition: 'rejected' });
  });

  it('the sibling with its console key knows one suite, whatever is configured', async () => {
    const ours = { keyBits: 256, mode: 'gcm', iv: 'random-prefix', replyField: 'result' } as const;
    expect(await readName(await connect({ provider: 'baidu-idcard-aes', ours }))).toBe(name);
  });
});

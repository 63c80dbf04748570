/**
 * Checks the emulator with Baidu's official Node SDK in a separate install. The SDK gets a token with its own code and
 * reads specimens through the plain endpoint, errors included. Only the host name is redirected.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEmulator, DEFAULT_CONFIG } from '@cardseal/emulator';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { printHelp } from '../support/program-help.ts';

printHelp(import.meta.url);

const SDK = 'baidu-aip-sdk@4.16.16';
const CREDENTIAL = {
  id: 'sdk',
  provider: 'baidu-idcard-aes',
  api_key: 'key-of-the-sdk',
  secret_key: 'its-secret',
} as const;

interface Words {
  words: string;
  location: { top: number; left: number; width: number; height: number };
}

interface SdkReply {
  error_code?: number;
  image_status?: string;
  risk_type?: string;
  words_result?: Record<string, Words>;
}

/** The members of the SDK in use. */
interface Sdk {
  ocr: new (
    appId: string,
    apiKey: string,
    secretKey: string,
  ) => {
    idcard(imageBase64: string, side: string, options?: Record<string, string>): Promise<SdkReply>;
  };
  HttpClient: { setRequestInterceptor(intercept: (options: { url: string }) => { url: string }): void };
}

function must(condition: boolean, claim: string): void {
  if (!condition) throw new Error(`failed: ${claim}`);
  console.log(`  ok  ${claim}`);
}

function install(folder: string): Sdk {
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', '--loglevel=error'];
  execFileSync('npm', ['install', ...flags, SDK], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return createRequire(path.join(folder, 'here.js'))('baidu-aip-sdk') as Sdk;
}

async function check(sdk: Sdk, specimen: Specimen): Promise<void> {
  const { api_key, secret_key } = CREDENTIAL;
  const client = new sdk.ocr('0', api_key, secret_key);
  const { card } = specimen.truth;
  const front = await client.idcard(specimen.front.toString('base64'), 'front', { detect_risk: 'true' });
  must(front.error_code === undefined && front.image_status === 'normal', 'the emulator reads a front');
  must(front.words_result?.姓名?.words === card.name, 'the name matches the card');
  must(front.words_result?.公民身份号码?.words === card.id_number, 'the number matches the card');
  must(front.words_result!.姓名!.location.width > 0, 'words have a location');
  must(front.risk_type === 'normal', 'the emulator receives the options of the SDK');
  const back = await client.idcard(specimen.back.toString('base64'), 'back');
  must(back.words_result?.签发机关?.words === card.issuing_authority, 'the emulator reads a back');
  const turned = await client.idcard(specimen.back.toString('base64'), 'front');
  must(turned.image_status === 'reversed_side', 'the emulator reports a wrong side and reads it');
  const broken = await client.idcard(Buffer.from('no image').toString('base64'), 'front');
  must(broken.error_code === 216_201, 'bytes without an image are error 216201');
  const other = new sdk.ocr('0', 'nobody', 'nothing');
  // With unknown keys the SDK falls back to the cloud's signature without a token, which this endpoint does not
  // support.
  must((await other.idcard('', 'front')).error_code === 100, 'unknown keys get no token and no result');
}

const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-interop-'));
const emulator = createEmulator({ ...DEFAULT_CONFIG, credentials: [CREDENTIAL] });
try {
  const sdk = install(folder);
  const base = `http://127.0.0.1:${(await emulator.start()).port}`;
  sdk.HttpClient.setRequestInterceptor((options) => {
    options.url = options.url.replace('https://aip.baidubce.com', base);
    return options;
  });
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 81, scenario: 'good' }));
  await check(sdk, specimen!);
  const stats = (await (await fetch(`${base}/__control/stats`)).json()) as { calls: number; token_requests: number };
  must(stats.calls === 5 && stats.token_requests === 2, 'every request went to the emulator');
  console.log(`baidu-sdk: ${SDK} works with the emulator as with the provider`);
} finally {
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
}

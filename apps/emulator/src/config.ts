// What an emulator is built from. The environment is read in `main.ts` and checked here; everything not public about the provider is a setting.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Credential = z.object({
  id: z.string().min(1),
  provider: z.enum(['baidu-idcard-enc', 'baidu-idcard-aes']),
  api_key: z.string().min(1),
  secret_key: z.string().min(1),
  aes_key: z
    .string()
    .regex(/^[0-9a-f]{16}$/i)
    .optional(),
  qps: z.number().min(0).optional(),
});
export type Credential = z.infer<typeof Credential>;

/** How pictures and replies of `idcard_enc` are enciphered; the key's length (16 or 32 bytes) chooses AES-128 or AES-256. */
export interface CipherSuite {
  mode: 'ecb' | 'cbc' | 'gcm';
  /** `random-prefix`: the IV stands in clear before the ciphertext. `none` only with ECB. GCM's tag of 16 bytes ends the ciphertext. */
  iv: 'none' | 'zero' | 'random-prefix';
}

/** Bounds of one endpoint: bytes after urlencoding, and pixels. */
export interface PictureBounds {
  maxEncodedBytes: number;
  minSidePx: number;
  maxSidePx: number;
}

export interface EmulatorConfig {
  /** 0 for a free port. */
  port: number;
  /** A second port for the provider's endpoints alone, which `refuse` closes; 0 for a free one, absent for none. */
  providerPort?: number;
  host: string;
  /** Where the RSA key is kept; without it each emulator makes its own. */
  dataDir?: string;
  credentials: Credential[];
  /** Calls a second of each credential that names no `qps` of its own. */
  qps: number;
  suite: CipherSuite;
  /** Name of the field that carries the enciphered reply. */
  replyField: string;
  tokenLifetimeS: number;
  /** Reads pictures in a thread of its own, so that heavy pictures do not blur the arrival times by which limits judge. */
  readerThread: boolean;
  bounds: { idcard_enc: PictureBounds; idcard: PictureBounds };
}

/** What tests may replace. */
export interface EmulatorOverrides {
  /** Milliseconds since 1970, with fractions; decides windows, the Shanghai day and expiry of tokens. */
  now?: () => number;
  /** Uniform in [0, 1); decides latency and faults. */
  random?: () => number;
}

const MEBIBYTE = 1024 * 1024;

/** Documented defaults of everything but credentials. */
export const DEFAULT_CONFIG: Omit<EmulatorConfig, 'credentials'> = {
  port: 0,
  host: '127.0.0.1',
  qps: 100,
  suite: { mode: 'ecb', iv: 'none' },
  replyField: 'result',
  tokenLifetimeS: 2_592_000,
  readerThread: false,
  bounds: {
    idcard_enc: { maxEncodedBytes: 4 * MEBIBYTE, minSidePx: 15, maxSidePx: 4096 },
    idcard: { maxEncodedBytes: 8 * MEBIBYTE, minSidePx: 15, maxSidePx: 8192 },
  },
};

const Environment = z.object({
  EMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(3002),
  EMULATOR_PROVIDER_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  EMULATOR_DATA_DIR: z.string().min(1).optional(),
  EMULATOR_CREDENTIALS_FILE: z.string().min(1),
  EMULATOR_SUITE: z
    .string()
    .regex(/^(ecb:none|(cbc|gcm):(zero|random-prefix))$/)
    .default('ecb:none'),
  BAIDU_QPS: z.coerce.number().min(0).default(100),
});

/** What each setting must be, for the text of a problem. */
const NEEDED = {
  EMULATOR_PORT: 'a port from 0 to 65535',
  EMULATOR_PROVIDER_PORT: 'a port from 0 to 65535',
  EMULATOR_DATA_DIR: 'the path of a folder',
  EMULATOR_CREDENTIALS_FILE: 'the path of the credentials file',
  EMULATOR_SUITE: 'ecb:none, or cbc or gcm with :zero or :random-prefix',
  BAIDU_QPS: 'a number of at least 0',
} satisfies Record<keyof typeof Environment.shape, string>;

/** Reads the settings. Throws one Error that lists every problem, without any value. */
export function readConfig(env: Record<string, string | undefined>): EmulatorConfig {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map(({ path: [name] }) => name as keyof typeof NEEDED));
    throw new Error([...names].map((name) => `${name}: must be ${NEEDED[name]}`).join('\n'));
  }
  const {
    EMULATOR_PORT,
    EMULATOR_PROVIDER_PORT,
    EMULATOR_DATA_DIR,
    EMULATOR_CREDENTIALS_FILE,
    EMULATOR_SUITE,
    BAIDU_QPS,
  } = parsed.data;
  const [mode, iv] = EMULATOR_SUITE.split(':') as [CipherSuite['mode'], CipherSuite['iv']];
  return {
    ...DEFAULT_CONFIG,
    port: EMULATOR_PORT,
    qps: BAIDU_QPS,
    readerThread: true,
    suite: { mode, iv },
    credentials: readCredentials(EMULATOR_CREDENTIALS_FILE),
    ...(EMULATOR_PROVIDER_PORT === undefined ? {} : { providerPort: EMULATOR_PROVIDER_PORT }),
    ...(EMULATOR_DATA_DIR === undefined ? {} : { dataDir: EMULATOR_DATA_DIR }),
  };
}

function readCredentials(file: string): Credential[] {
  const parsed = z
    .array(Credential)
    .min(1)
    .safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the list');
    throw new Error(`EMULATOR_CREDENTIALS_FILE: the README says what a credential has; wrong: ${places.join(', ')}`);
  }
  return parsed.data;
}

// The configuration of an emulator. `main.ts` passes the environment, and this file checks it. Everything that the provider does not
// publish is a setting.
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

/** The encryption of images and replies of `idcard_enc`. The key's length (16 or 32 bytes) selects AES-128 or AES-256. */
export interface CipherSuite {
  mode: 'ecb' | 'cbc' | 'gcm';
  /** `random-prefix`: the ciphertext begins with the unencrypted IV. `none` only with ECB. With GCM the ciphertext ends with its 16-byte tag. */
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
  /** A second port with only the provider's endpoints, which the fault `refuse` closes; 0 for a free one, absent for none. */
  providerPort?: number;
  host: string;
  /** Folder of the RSA key. Without it each emulator creates a new key. */
  dataDir?: string;
  credentials: Credential[];
  /** Calls a second for each credential that has no `qps` itself. */
  qps: number;
  suite: CipherSuite;
  /** Name of the field with the encrypted reply. */
  replyField: string;
  tokenLifetimeS: number;
  /** Reads images in a separate thread, so that slow decoding does not delay the arrival times that the limits use. */
  readerThread: boolean;
  bounds: { idcard_enc: PictureBounds; idcard: PictureBounds };
}

/** Replacements for tests. */
export interface EmulatorOverrides {
  /** Milliseconds since 1970, with fractions, for rate windows, the day in Shanghai and the expiry of tokens. */
  now?: () => number;
  /** Uniform in [0, 1), for latency and faults. */
  random?: () => number;
}

const MEBIBYTE = 1024 * 1024;

/** The documented defaults of everything except credentials. */
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

/** What each setting must be; part of the error text. */
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
  const wrong = new Set(parsed.error?.issues.map(({ path: [name] }) => name as keyof typeof NEEDED));
  const problems = [...wrong].map((name) => `${name}: must be ${NEEDED[name]}`);
  const file = env.EMULATOR_CREDENTIALS_FILE;
  const credentials: FileContent = file ? readCredentials(file) : { list: [], problems: [] };
  problems.push(...credentials.problems);
  if (!parsed.success || problems.length > 0) {
    throw new Error(`the settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
  const { EMULATOR_PORT, EMULATOR_PROVIDER_PORT, EMULATOR_DATA_DIR, EMULATOR_SUITE, BAIDU_QPS } = parsed.data;
  const [mode, iv] = EMULATOR_SUITE.split(':') as [CipherSuite['mode'], CipherSuite['iv']];
  return {
    ...DEFAULT_CONFIG,
    port: EMULATOR_PORT,
    qps: BAIDU_QPS,
    readerThread: true,
    suite: { mode, iv },
    credentials: credentials.list,
    ...(EMULATOR_PROVIDER_PORT === undefined ? {} : { providerPort: EMULATOR_PROVIDER_PORT }),
    ...(EMULATOR_DATA_DIR === undefined ? {} : { dataDir: EMULATOR_DATA_DIR }),
  };
}

interface FileContent {
  list: Credential[];
  problems: string[];
}

function readCredentials(file: string): FileContent {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'it is not JSON';
    return { list: [], problems: [`EMULATOR_CREDENTIALS_FILE: the file cannot be read (${reason})`] };
  }
  const parsed = z.array(Credential).min(1).safeParse(content);
  if (parsed.success) return { list: parsed.data, problems: [] };
  const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the list');
  return {
    list: [],
    problems: [...new Set(places)].map((place) => `EMULATOR_CREDENTIALS_FILE: ${place} is wrong; see the README`),
  };
}

/**
 * The secrets of a development stack. They are created once per data folder, only the owner can read them, and they are
 * never printed. Production must never use them.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** An entry of `BAIDU_CREDENTIALS_FILE`; `qps` is the nominal rate in calls per second. */
export interface BaiduCredential {
  id: string;
  provider: string;
  api_key: string;
  secret_key: string;
  aes_key?: string;
  qps: number;
}

export interface StoreKeys {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface DevSecrets {
  masterKeyFile: string;
  credentialsFile: string;
  credentials: BaiduCredential[];
  storeKeys: StoreKeys;
}

/** Reads the secrets of the folder and creates the missing ones. The rate of the credential is always `baiduQps`. */
export function ensureSecrets(dataDir: string, baiduQps: number): DevSecrets {
  const masterKeyFile = path.join(dataDir, 'master.key');
  if (!existsSync(masterKeyFile)) writeFileAtomic(masterKeyFile, randomBytes(32));
  const credentialsFile = path.join(dataDir, 'baidu-credentials.json');
  const credentials = (readJson<BaiduCredential[]>(credentialsFile) ?? [newCredential()]).map((credential) => ({
    ...credential,
    qps: baiduQps,
  }));
  writeFileAtomic(credentialsFile, JSON.stringify(credentials, null, 2));
  return { masterKeyFile, credentialsFile, credentials, storeKeys: ensureStoreKeys(dataDir) };
}

function newCredential(): BaiduCredential {
  // The length of Baidu's keys: 24 and 32 letters and digits.
  const [api_key, secret_key] = [randomBytes(12).toString('hex'), randomBytes(16).toString('hex')];
  return { id: 'dev', provider: 'baidu-idcard-enc', api_key, secret_key, qps: 0 };
}

function ensureStoreKeys(dataDir: string): StoreKeys {
  const file = path.join(dataDir, 's3-keys.json');
  const kept = readJson<StoreKeys>(file);
  if (kept) return kept;
  const made = {
    accessKeyId: `DEV${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  writeFileAtomic(file, JSON.stringify(made));
  return made;
}

function readJson<T>(file: string): T | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

/** Writes a draft with mode 0600 and renames it, so that a reader sees the old or the new file, never half of one. */
export function writeFileAtomic(file: string, content: string | Uint8Array): void {
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
}

/** The key service of the settings: a key file, a KMS, or a KMS together with the key file that it replaces. */

import { ThrottledError } from '@cardseal/base/errors';
import {
  assertMasterKeys,
  fileMasterKey,
  type KmsSettings,
  kmsMasterKey,
  MASTER_KEY_BYTES,
  type MasterKey,
  withOlderMasters,
} from '@cardseal/sealing';
import { ConfigurationError, type ProxyEnvironment, readProxies, readSecretFile } from '../config/index.ts';

const FILE_RETRY_MS = 2000;

/** Property names equal the environment variables. At least one of the first two is present. */
export interface MasterKeyEnvironment extends ProxyEnvironment {
  MASTER_KEY_FILE?: string | undefined;
  KMS_KEY_ID?: string | undefined;
  KMS_ENDPOINT?: string | undefined;
  KMS_REGION?: string | undefined;
  S3_REGION: string;
}

/**
 * Throws ConfigurationError when no key service is configured or the file cannot be used.
 * @param credentials of the KMS, instead of AWS's default chain.
 */
export function openMasterKey(env: MasterKeyEnvironment, credentials?: KmsSettings['credentials']): MasterKey {
  const file = masterKeyFile(env);
  if (env.KMS_KEY_ID === undefined) return file!;
  const kms = kmsMasterKey({
    keyIds: env.KMS_KEY_ID.split(',') as [string, ...string[]],
    region: env.KMS_REGION ?? env.S3_REGION,
    endpoint: env.KMS_ENDPOINT,
    proxyFor: readProxies(env),
    credentials,
  });
  return file ? withOlderMasters(kms, [{ kind: 'file', master: file }]) : kms;
}

/**
 * The key file, if one is configured. @throws ConfigurationError when it cannot be used, or no key service is
 * configured.
 */
export function masterKeyFile({
  MASTER_KEY_FILE: path,
  KMS_KEY_ID,
}: Pick<MasterKeyEnvironment, 'MASTER_KEY_FILE' | 'KMS_KEY_ID'>): MasterKey | undefined {
  if (path !== undefined) return keyFile(path);
  if (KMS_KEY_ID === undefined) throw new ConfigurationError(['MASTER_KEY_FILE, KMS_KEY_ID: set one of the two']);
  return undefined;
}

function keyFile(path: string): MasterKey {
  const read = () => readSecretFile('MASTER_KEY_FILE', path);
  const bytes = read();
  const { length } = bytes;
  bytes.fill(0);
  if (length === 0 || length % MASTER_KEY_BYTES !== 0) {
    const problem = `the file ${path} must hold 32 bytes, or several keys of 32 bytes; it has ${length} bytes`;
    throw new ConfigurationError([`MASTER_KEY_FILE: ${problem}`]);
  }
  return fileMasterKey(() => {
    try {
      const current = read();
      assertMasterKeys(current);
      return current;
    } catch (cause) {
      // The file existed at the start: an operator is replacing it, or its mount is gone.
      throw new ThrottledError('key_service_unavailable', FILE_RETRY_MS, { cause });
    }
  });
}

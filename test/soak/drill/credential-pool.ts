/**
 * Three credentials for a drill, and a fourth key that only the provider knows yet: the one that replaces a dead key
 * under the same id. The provider's file has all four; the pool file of the workers is rewritten when the key is renewed.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Runs out of quota; its key is refused; carries on. */
export const PRIME = 'prime';
export const SPARE = 'spare';
export const RESERVE = 'reserve';
const RENEWED = 'spare-renewed';

export interface Pool {
  /** As `BAIDU_CREDENTIALS_FILE`. */
  file: string;
  /** Puts the new key in the place of the dead one; whoever starts afterwards reads it. */
  renew(): Promise<void>;
}

export async function makePool(dataDir: string, qps: number): Promise<Pool> {
  await mkdir(dataDir, { recursive: true });
  const [prime, spare, reserve, renewed] = [PRIME, SPARE, RESERVE, RENEWED].map((id) => credential(id, qps));
  // The launcher takes what is there, and gives it to the emulator.
  await writeSecret(path.join(dataDir, 'baidu-credentials.json'), [prime, spare, reserve, renewed]);
  const file = path.join(dataDir, 'pool.json');
  await writeSecret(file, [prime, spare, reserve]);
  return { file, renew: () => writeSecret(file, [prime, { ...renewed, id: SPARE }, reserve]) };
}

function credential(id: string, qps: number) {
  const [api_key, secret_key] = [randomBytes(12).toString('hex'), randomBytes(16).toString('hex')];
  return { id, provider: 'baidu-idcard-enc', api_key, secret_key, qps };
}

function writeSecret(file: string, content: object): Promise<void> {
  return writeFile(file, JSON.stringify(content), { mode: 0o600 });
}

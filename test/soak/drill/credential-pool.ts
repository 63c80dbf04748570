/**
 * The three credentials of a drill, and a fourth key that replaces a dead key under the same id. The emulator knows all
 * four from the start; `renew` rewrites the pool file of the workers.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** PRIME runs out of quota, the key of SPARE is refused, RESERVE keeps working. */
export const PRIME = 'prime';
export const SPARE = 'spare';
const RESERVE = 'reserve';
const RENEWED = 'spare-renewed';

export interface Pool {
  /** The path for `BAIDU_CREDENTIALS_FILE`. */
  file: string;
  /** Replaces the dead key by the new one. Workers read the file when they start. */
  renew(): Promise<void>;
}

export async function makePool(dataDir: string, qps: number): Promise<Pool> {
  await mkdir(dataDir, { recursive: true });
  const [prime, spare, reserve, renewed] = [PRIME, SPARE, RESERVE, RENEWED].map((id) => credential(id, qps));
  // The launcher keeps an existing file and passes it to the emulator.
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

/** The part of `doctor` about the installation: the key service in use, and advice on Redis, buckets, keys and TLS. */
import {
  commonEnvironment,
  type Env,
  readEnvironment,
  redisEnvironment,
  storeEnvironment,
} from '@cardseal/core/config';
import type { Ledger } from '@cardseal/core/ledger';
import {
  type Advice,
  type AskRedis,
  adviseOnKeys,
  adviseOnPlaintext,
  examineRedis,
  examineStore,
} from '@cardseal/core/preflight';
import type { KeyStatus } from '@cardseal/sealing';
import { z } from 'zod';

const schema = z.object({
  ...redisEnvironment,
  ...storeEnvironment,
  CARDSEAL_ENV: commonEnvironment.CARDSEAL_ENV,
  ALLOW_PLAINTEXT: commonEnvironment.ALLOW_PLAINTEXT,
});

export interface InstallationReport {
  keys: { master: string | null; trouble: string | null; wrapped_by: Record<string, number>; tenants: number };
  advice: Advice[];
}

export async function examineInstallation(env: Env, ledger: Ledger, redis: AskRedis): Promise<InstallationReport> {
  const settings = readEnvironment(schema, env);
  const [status, onRedis, onStore] = await Promise.all([
    ledger.keys.status(),
    examineRedis(settings, redis),
    examineStore(settings),
  ]);
  const onPlaintext = adviseOnPlaintext(settings.ALLOW_PLAINTEXT);
  return { keys: shown(status), advice: [...onRedis, ...onStore, ...adviseOnKeys(status), ...onPlaintext] };
}

function shown({ master, trouble, wrappedBy, tenants }: KeyStatus): InstallationReport['keys'] {
  return { master, trouble, wrapped_by: wrappedBy, tenants };
}

/** An admin app in this process over a ledger in memory. Redis is away unless a URL is given. */

import { systemClock } from '@cardseal/base/clock';
import { createAdmin, createTenant } from '@cardseal/core/access';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { createAdminApp } from '../../apps/admin/src/app.ts';
import { readConfig } from '../../apps/admin/src/config.ts';
import { type AdminClient, loginAdmin } from './admin.ts';

const PASSWORD = 'a long enough password';

export interface TestAdmin {
  url: string;
  ledger: Ledger;
  owner: AdminClient;
  login(user?: string): Promise<AdminClient>;
  stop(): Promise<void>;
}

export interface TestAdminSettings {
  /** The ledger of another app, to run a second process next to it. */
  ledger?: Ledger;
  redisUrl?: string;
  env?: Record<string, string>;
}

export function memoryLedger(): Ledger {
  return createLedger({
    store: memoryObjectStore(),
    master: localMasterKey(Buffer.alloc(32, 7)),
    clock: systemClock,
  });
}

/** Creates the tenant `bank` and the owner `boss`. */
export async function startTestAdmin({ ledger = memoryLedger(), redisUrl, env }: TestAdminSettings = {}) {
  const config = readConfig({
    CARDSEAL_ENV: 'test',
    QUEUE_PREFIX: '{test}',
    // Nothing listens on the discard port.
    REDIS_URL: redisUrl ?? 'redis://127.0.0.1:9',
    S3_REGION: 'unused',
    S3_BUCKET: 'unused',
    MASTER_KEY_FILE: 'unused',
    ADMIN_PORT: '0',
    ...env,
  });
  const app = createAdminApp(config, { ledger, log: silentLog });
  await createTenant(ledger, systemClock, 'bank', 'A bank').catch(() => {});
  await createAdmin(ledger, systemClock, { user: 'boss', password: PASSWORD, role: 'owner' }).catch(() => {});
  const { port } = await app.start();
  const url = `http://127.0.0.1:${port}`;
  const login = (user = 'boss') =>
    loginAdmin({ adminUrl: url, admin: { user, password: PASSWORD } }, { user, password: PASSWORD });
  const started: TestAdmin = { url, ledger, owner: await login(), login, stop: () => app.stop() };
  return started;
}

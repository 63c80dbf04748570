/** The ledger on an S3, from settings: the one way in which apps, the launcher and the CLI come to it. */
import type { Clock } from '../clock/index.ts';
import { type ProxyEnvironment, readProxies } from '../egress/index.ts';
import { localMasterKey, type MasterKey } from '../seal/index.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { openObjectSources } from './object-sources.ts';
import { observedObjectStore, type StoreObserver } from './store/observed-object-store.ts';
import { createS3Client, type S3Settings, s3ObjectStore } from './store/s3-object-store.ts';

/** Named as in the environment (contract §4). */
export interface LedgerEnvironment extends ProxyEnvironment {
  S3_ENDPOINT?: string | undefined;
  S3_REGION: string;
  S3_BUCKET: string;
  S3_KEYS_BUCKET?: string | undefined;
  S3_FORCE_PATH_STYLE: boolean;
}

/**
 * @param master a key service, or the bytes of a key file.
 * @param credentials of the store, where AWS's own chain is not to be asked.
 * @param observe is told of every request to the store.
 */
export function openLedger(
  env: LedgerEnvironment,
  master: MasterKey | Buffer,
  clock: Clock,
  credentials?: S3Settings['credentials'],
  observe?: StoreObserver,
): Ledger {
  const settings = {
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    forcePathStyle: env.S3_FORCE_PATH_STYLE,
    credentials,
    proxyFor: readProxies(env),
  };
  const client = createS3Client(settings);
  const bucket = (name: string) => {
    const store = s3ObjectStore(client, name);
    return observe ? observedObjectStore(store, observe) : store;
  };
  return createLedger({
    store: bucket(env.S3_BUCKET),
    keyStore: bucket(env.S3_KEYS_BUCKET ?? env.S3_BUCKET),
    master: Buffer.isBuffer(master) ? localMasterKey(master) : master,
    clock,
    objectSources: openObjectSources(settings),
  });
}

/** Opens the ledger on S3 from the settings. Apps, launcher and CLI all use it. */
import type { Clock } from '@cardseal/base/clock';
import {
  createS3Client,
  observedObjectStore,
  type S3Settings,
  type StoreObserver,
  s3ObjectStore,
} from '@cardseal/object-store';
import { localMasterKey, type MasterKey } from '@cardseal/sealing';
import { type ProxyEnvironment, readProxies } from '../config/index.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { openObjectSources } from './uploads/object-sources.ts';

/** Property names equal the environment variables. */
export interface LedgerEnvironment extends ProxyEnvironment {
  S3_ENDPOINT?: string | undefined;
  S3_REGION: string;
  S3_BUCKET: string;
  S3_KEYS_BUCKET?: string | undefined;
  S3_FORCE_PATH_STYLE: boolean;
}

/**
 * @param master a key service, or the bytes of a key file.
 * @param credentials of the store, instead of AWS's default chain.
 * @param observe called for every request to the store.
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

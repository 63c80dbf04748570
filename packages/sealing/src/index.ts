export { open, type SealContext, seal } from './envelope.ts';
export { keyPaths } from './key-paths.ts';
export { createKeyRotation, type KeyRotation, type KeyStatus } from './key-rotation.ts';
export { createKeyring, type Keyring } from './keyring.ts';
export { type KmsSettings, kmsMasterKey } from './kms-master-key.ts';
export {
  assertMasterKeys,
  fileMasterKey,
  fingerprint,
  localMasterKey,
  MASTER_KEY_BYTES,
  type MasterKey,
  readWrapped,
  splitMasterKeys,
  UNNAMED,
  withOlderMasters,
} from './master-key.ts';

export { ENVELOPE_OVERHEAD_BYTES, open, type SealContext, seal } from './envelope.ts';
export { localMasterKey, type MasterKey } from './master-key.ts';

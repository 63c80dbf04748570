export {
  type CipherSuite,
  createEncryptor,
  parseCipherSuite,
} from './cipher-suite.ts';
export {
  classifyHttpStatus,
  classifyProviderCode,
  classifyTransport,
} from './classify.ts';
export { commandKeyWrapper, type KeyWrapperEvent } from './command-key-wrapper.ts';

export { PROVIDER_ERRORS } from './error-table.ts';
export {
  createFormValueWriter,
  encodedLength,
  PIECE_BYTES,
} from './form-encoder.ts';
export {
  createIdCardClient,
  type IdCardClient,
} from './id-card-client.ts';
export { type KeyWrapper, parseKeyWrapperSetting, rsaKeyWrapper } from './key-wrapper.ts';

export { createBaiduProvider } from './provider.ts';
export { redisTokenStore } from './redis-token-store.ts';
export {
  aesSealer,
  encSealer,
  type SealedRequest,
} from './request-sealer.ts';
export { createTokenFetcher } from './token-fetcher.ts';
export { createTokenSource } from './token-source.ts';
export { memoryTokenStore } from './token-store.ts';

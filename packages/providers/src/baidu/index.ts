export {
  type CipherSuite,
  checkCipherSuite,
  createEncryptor,
  DEFAULT_CIPHER_SUITE,
  decrypt,
  type Encryptor,
  encrypt,
  parseCipherSuite,
} from './cipher-suite.ts';
export {
  type CallFields,
  classifyHttpStatus,
  classifyProviderCode,
  classifyTransport,
  rejectionMessage,
} from './classify.ts';
export { type CommandKeyWrapperOptions, commandKeyWrapper, type KeyWrapperEvent } from './command-key-wrapper.ts';
export { type EncryptedReply, readEnvelope } from './envelope.ts';
export {
  type Billed,
  PROVIDER_ERRORS,
  TRANSPORT_ERRORS,
  UNKNOWN_PROVIDER_ERROR,
  type UpstreamClass,
  type UpstreamError,
} from './error-table.ts';
export {
  createFormValueWriter,
  encodedLength,
  type FormValueWriter,
  leastEncodedLength,
  PIECE_BYTES,
} from './form-encoder.ts';
export {
  createIdCardClient,
  type IdCardClient,
  type IdCardClientOptions,
  type UpstreamRequest,
  type UpstreamResponse,
} from './id-card-client.ts';
export { type KeyWrapper, type KeyWrapperSetting, parseKeyWrapperSetting, rsaKeyWrapper } from './key-wrapper.ts';
export { openKeyWrapper } from './open-key-wrapper.ts';
export {
  type BaiduCredential,
  type BaiduProvider,
  type BaiduProviderOptions,
  type CallHooks,
  createBaiduProvider,
  type ProviderReply,
} from './provider.ts';
export { type RedisTokenStoreOptions, redisTokenStore } from './redis-token-store.ts';
export {
  aesSealer,
  type CardSide,
  consoleKey,
  DEFAULT_MAX_ENCODED_BYTES,
  type DetectOptions,
  encSealer,
  type ReplyEnvelope,
  type RequestSealer,
  type SealedRequest,
  type SealerSettings,
} from './request-sealer.ts';
export { createTokenFetcher } from './token-fetcher.ts';
export {
  createTokenSource,
  type FetchToken,
  type TokenEvent,
  type TokenSource,
  type TokenSourceOptions,
} from './token-source.ts';
export { memoryTokenStore, type StoredToken, type TokenStore } from './token-store.ts';

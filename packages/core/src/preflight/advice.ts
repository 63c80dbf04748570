/** A finding about the infrastructure that does not stop Cardseal. The operator decides what to do about it. */

const ADVICE_CODES = [
  'redis_config_hidden',
  'redis_evicts',
  'redis_unbounded',
  'redis_not_persistent',
  'redis_disk_fails',
  'redis_plain',
  'store_plain',
  'data_not_versioned',
  'data_versions_kept',
  'data_markers_kept',
  'keys_not_apart',
  'keys_versioned',
  'key_service_silent',
  'key_file',
  'plaintext_s3',
  'plaintext_kms',
  'plaintext_redis',
  'plaintext_provider',
  'plaintext_public',
] as const;

export interface Advice {
  code: (typeof ADVICE_CODES)[number];
  /** What to do, for operators; no secrets and no personal data. */
  text: string;
}

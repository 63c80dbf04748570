/**
 * The provider port: what the worker needs from an OCR provider. `packages/providers` has the implementations. The worker
 * knows no provider by name: it takes providers from the one file that creates them from the settings.
 */
import type { CardsealError } from '@cardseal/base/errors';
import type { SideReading } from '@cardseal/idcard/card';
import type { Side } from '../job/index.ts';

/**
 * The meaning of a failed call. Every error of a provider carries one as the field `upstreamClass`; the worker, the pacer
 * and the job's record decide by it and never by a provider's code.
 */
export type UpstreamClass =
  /** Retry: backoff, attempt spent. */
  | 'transient'
  /** The provider's cluster is over its limit: as transient, with a longer backoff. */
  | 'overload'
  /** Over the rate: attempt not spent, every process slows down. */
  | 'qps'
  | 'daily_quota'
  | 'total_quota'
  /** Renew the access token once and repeat at once. */
  | 'token'
  /** Account or rights of Cardseal: the gate closes, alert, attempt not spent. */
  | 'configuration'
  /** Cardseal's request is wrong: terminal, alert. */
  | 'defect'
  /** The image cannot be used: terminal, the end user can act. */
  | 'rejected'
  /** Once more with a fresh key, because a failed decryption at the provider looks the same; then rejected. */
  | 'maybe_crypto'
  /** Not in the provider's table: transient with a small limit. */
  | 'unknown'
  /** The reply could not be decrypted or read: a fresh key, at most twice, then defect. */
  | 'crypto';

export type Billed = 'no' | 'unknown' | 'yes';

/** What to detect besides the fields, as in the API's own options. */
export type DetectOptions = Readonly<
  Partial<Record<'detect_risk' | 'detect_quality' | 'detect_photo' | 'detect_card', boolean>>
>;

/** A complete request that waits for its permit. It may hold a key, so the caller destroys it. */
export interface PreparedCall {
  /** Overwrites keys. Idempotent. */
  destroy(): void;
}

export interface CallHooks<Prepared extends PreparedCall = PreparedCall> {
  /** Before every HTTP request but the first: settles the spent permit by the error and takes the next one. */
  onRepeat(error: CardsealError): Promise<void>;
  /** At the moment a request is handed to the connection. */
  onSend?(): void;
  /** Prepares the same image again under a fresh key; without it such repeats are left to the caller. */
  reseal?(): Promise<Prepared>;
  /** Whether the provider repeats a call at once, under a fresh key, when it cannot decrypt the response. Default: true. */
  repeatsUndecryptable?: boolean;
}

export interface ProviderReply {
  /** The decrypted reply, UTF-8 JSON, syntax checked and nothing more. */
  readonly plaintext: Buffer;
  readonly logId?: string;
  /** Milliseconds of the last HTTP request. */
  readonly latencyMs: number;
  readonly billed: 'yes';
}

/** One credential of one provider. */
export interface Provider<Prepared extends PreparedCall = PreparedCall> {
  /** The id of the credential. */
  readonly id: string;
  /** The name of the provider in checkpoints, records and metrics, for example `baidu-idcard-enc`. */
  readonly provider: string;
  /** Credentials with an equal value accept each other's prepared calls. */
  readonly bodyGroup: string;
  /**
   * Prepares the whole request, access token included, so that only the call follows the permit.
   * @throws RejectedError `image_too_large`; classified errors of the token endpoint and the key wrapper; the signal's
   * reason.
   */
  seal(image: Uint8Array, side: Side, options: DetectOptions, signal?: AbortSignal): Promise<Prepared>;
  /** Destroys `prepared` whatever happens. @throws classified errors; the signal's reason; what the hooks throw. */
  call(prepared: Prepared, signal: AbortSignal, hooks: CallHooks<Prepared>): Promise<ProviderReply>;
}

/**
 * Reads a stored reply. It may run again on the same bytes at any time, also when no credential of the provider is
 * configured any more. @throws TransientError of class `crypto` when the bytes are not a reply of that provider.
 */
export type ReadReply = (
  reply: Uint8Array,
  about: { declaredSide: Side; provider: string; logId?: string | undefined },
) => SideReading;

/** encrypt: the complete request body under a fresh AES key, ready before a permit is requested. */

import { CardsealError, ThrottledError } from '@cardseal/base/errors';
import type { Side } from '@cardseal/core/job';
import type { PreparedCall, Provider } from '@cardseal/core/provider';
import type { WorkerContext } from '../../context.ts';
import type { Work } from '../support/work.ts';
import type { FetchedImage } from './fetch.ts';

/** Names the credential whose token or key wrapper failed. */
export class SealFailure extends Error {
  readonly credentialId: string;
  override readonly cause: unknown;

  constructor(credentialId: string, cause: unknown) {
    super('seal_failed');
    this.credentialId = credentialId;
    this.cause = cause;
  }
}

/** How long a job waits before it looks for a credential again, after every credential was refused. */
const REFUSED_RETRY_MS = 60_000;

/**
 * Encrypting also fetches the access token, so that a credential that the provider refuses is detected here: its gate
 * closes and the next one is tried. Throws ThrottledError `upstream_credential_refused` when none is left, and any
 * other failure as a {@link SealFailure}.
 */
export async function encryptImage(
  { pacer, log }: WorkerContext,
  candidates: readonly Provider[],
  work: Work,
  side: Side,
  picture: FetchedImage,
): Promise<{ credentialId: string; sealed: PreparedCall }> {
  const { detect_risk, detect_quality, detect_photo, detect_card } = work.request.options;
  // Only the front has a portrait.
  const detect = { detect_risk, detect_quality, detect_photo: detect_photo && side === 'front', detect_card };
  for (const candidate of candidates) {
    try {
      const sealed = await candidate.seal(picture.bytes, side, detect, work.signal);
      return { credentialId: candidate.id, sealed };
    } catch (error) {
      if (!(error instanceof CardsealError) || error.fields.upstreamClass !== 'configuration') {
        throw new SealFailure(candidate.id, error);
      }
      log.error('credential.refused', { credential_id: candidate.id, code: error.code });
      await pacer.closeGate(candidate.id, 'configuration', undefined, 'machine');
    }
  }
  throw new ThrottledError('upstream_credential_refused', REFUSED_RETRY_MS);
}

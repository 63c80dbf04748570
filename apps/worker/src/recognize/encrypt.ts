/** encrypt: the complete request body under a fresh AES key, ready before a permit is asked for. */
import type { BaiduProvider, SealedRequest } from '@cardseal/core/baidu';
import type { Side } from '@cardseal/core/job';
import type { Picture } from './fetch.ts';
import type { Work } from './work.ts';

export function encryptPicture(
  provider: BaiduProvider,
  work: Work,
  side: Side,
  picture: Picture,
): Promise<SealedRequest> {
  const { detect_risk, detect_quality, detect_photo, detect_card } = work.request.options;
  // Only the portrait side has a portrait.
  const detect = { detect_risk, detect_quality, detect_photo: detect_photo && side === 'front', detect_card };
  return provider.seal(picture.bytes, side, detect, work.signal);
}

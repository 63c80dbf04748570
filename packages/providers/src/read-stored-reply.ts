/** Reads stored replies of every provider, by the name in their checkpoint. A checkpoint outlives its credential. */
import { DefectError } from '@cardseal/base/errors';
import type { ReadReply } from '@cardseal/core/provider';
import { readReply as readBaiduReply } from './baidu/reading/index.ts';

const READERS: Readonly<Record<string, ReadReply>> = {
  'baidu-idcard-aes': readBaiduReply,
  'baidu-idcard-enc': readBaiduReply,
};

/** @throws DefectError `provider_unknown` for a name that this version does not know; and as {@link ReadReply} does. */
export const readStoredReply: ReadReply = (reply, about) => {
  if (!Object.hasOwn(READERS, about.provider)) {
    throw new DefectError('provider_unknown', { fields: { provider: about.provider } });
  }
  return READERS[about.provider]!(reply, about);
};

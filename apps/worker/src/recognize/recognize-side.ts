/** fetch → encrypt → call → decrypt → save for one side. When it returns, the side has an answer in the ledger. */
import type { BaiduProvider } from '@cardseal/core/baidu';
import { RejectedError } from '@cardseal/core/errors';
import { failpoint } from '@cardseal/core/failpoints';
import type { Side } from '@cardseal/core/job';
import type { WorkerContext } from '../context.ts';
import { callProvider } from './call.ts';
import { encryptPicture } from './encrypt.ts';
import { fetchPicture } from './fetch.ts';
import { saveRefusal, saveReply } from './save.ts';
import type { Work } from './work.ts';

export async function recognizeSide(context: WorkerContext, work: Work, side: Side): Promise<void> {
  const candidates = chooseCandidates(context);
  const { provider } = candidates[0]!;
  try {
    const picture = await fetchPicture(context, work, side);
    await failpoint('recognize.fetched');
    const seal = () => encryptPicture(context, candidates, work, side, picture);
    const sealed = await seal();
    await failpoint('recognize.encrypted');
    const reply = await callProvider(context, work, { side, sealed, candidates, reseal: seal });
    await failpoint('recognize.called');
    await saveReply(context, work, side, { provider, reply, adjusted: picture.adjusted });
    await failpoint('recognize.saved');
  } catch (error) {
    // What a bucket does not have now it may have later: that is no answer about the picture.
    const noAnswer = error instanceof RejectedError && ['job_erased', 'source_unavailable'].includes(error.code);
    if (!(error instanceof RejectedError) || noAnswer) throw error;
    await saveRefusal(context, work, side, provider, error);
  }
}

/**
 * A sealed body fits every credential of `baidu-idcard-enc`, but only its own of `baidu-idcard-aes`. The body comes
 * before the permit, so the choice is made here, by weight of rate.
 */
function chooseCandidates({ providers, random, rates }: WorkerContext): BaiduProvider[] {
  const all = [...providers.values()];
  const shared = all.filter(({ provider }) => provider === 'baidu-idcard-enc');
  const own = all.filter((one) => !shared.includes(one)).map((one) => [one]);
  const groups = shared.length > 0 ? [shared, ...own] : own;
  const weight = (group: BaiduProvider[]) => group.reduce((sum, { id }) => sum + rates.get(id)!, 0);
  let at = random() * weight(all);
  for (const group of groups) {
    at -= weight(group);
    if (at < 0) return group;
  }
  return groups[0]!;
}

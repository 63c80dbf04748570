/** fetch → encrypt → call → decrypt → save for one side. When it returns, the ledger has a reply for the side. */
import { createHash } from 'node:crypto';
import { RejectedError } from '@cardseal/base/errors';
import { failpoint } from '@cardseal/core/failpoints';
import type { Side } from '@cardseal/core/job';
import type { Provider } from '@cardseal/core/provider';
import type { WorkerContext } from '../context.ts';
import { timed } from '../metrics/index.ts';
import { callProvider } from './steps/call.ts';
import { fetchImage } from './steps/fetch.ts';
import { saveRefusal, saveReply } from './steps/save.ts';
import { sealBodies } from './support/bodies.ts';
import type { Work } from './support/work.ts';

export async function recognizeSide(context: WorkerContext, work: Work, side: Side): Promise<void> {
  let provider = [...context.providers.values()][0]!.provider;
  try {
    const picture = await timed(context, 'fetch', () => fetchImage(context, work, side), { side });
    await failpoint('recognize.fetched');
    // Enough of a digest to distinguish two images, and too little to recognise one.
    const image = () => createHash('sha256').update(picture.bytes).digest('hex').slice(0, 12);
    const seal = () => sealBodies(context, work, side, picture, image);
    const bodies = await timed(context, 'encrypt', seal, { side });
    await failpoint('recognize.encrypted');
    const onPermit = (of: Provider) => {
      provider = of.provider;
    };
    const reply = await callProvider(context, work, { side, bodies, image, onPermit });
    await failpoint('recognize.called');
    // The reads of `conclude` run while the reply is saved.
    context.tenants.get(work.tenant).catch(() => {});
    const { adjusted } = picture;
    await timed(context, 'save', () => saveReply(context, work, side, { provider, reply, adjusted }), { side });
    await failpoint('recognize.saved');
  } catch (error) {
    // A bucket may have the object later: a missing object says nothing about the image.
    const noAnswer = error instanceof RejectedError && ['job_erased', 'source_unavailable'].includes(error.code);
    if (!(error instanceof RejectedError) || noAnswer) throw error;
    await saveRefusal(context, work, side, provider, error);
  }
}

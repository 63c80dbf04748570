/** The readings of a job's checkpoints, parsed from the same bytes each time. */

import { decodeCheckpoint, type Side } from '@cardseal/core/job';
import type { SideReading } from '@cardseal/idcard/card';
import type { WorkerContext } from '../../context.ts';
import type { Work } from './work.ts';

export interface Readings {
  readings: SideReading[];
  adjusted: Partial<Record<Side, unknown>>;
  /** Sides whose image was refused, with the stable code. */
  refused: { side: Side; code: string }[];
}

export async function readCheckpoints({ readReply }: Pick<WorkerContext, 'readReply'>, work: Work): Promise<Readings> {
  const found: Readings = { readings: [], adjusted: {}, refused: [] };
  for (const side of work.request.sides) {
    const bytes = work.written.replies.get(side) ?? (await work.sealed.reply(side));
    if (!bytes) continue;
    const { header, reply } = decodeCheckpoint(bytes);
    if (header.kind === 'refusal') {
      found.refused.push({ side, code: header.code ?? 'image_rejected' });
      continue;
    }
    found.readings.push(readReply(reply, { declaredSide: side, provider: header.provider, logId: header.logId }));
    if (header.adjusted !== undefined) found.adjusted[side] = header.adjusted;
  }
  return found;
}

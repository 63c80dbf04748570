/** Inspects the header of each image, never its pixels, and refuses images that no call could read. */

import { RejectedError } from '@cardseal/base/errors';
import { imageLimits } from '@cardseal/core/config';
import { SIDES, type Side } from '@cardseal/core/job';
import {
  assessImage,
  defaultImageLimits,
  describeImageReason,
  type ImageReason,
  inspectImage,
} from '@cardseal/idcard/image';
import type { ApiConfig } from '../../config.ts';
import { type FieldProblem, Problem } from '../../http/problems/index.ts';
import type { Submission } from './submission.ts';

/** Throws Problem `image_unusable` that names every unusable image and the reason. */
export function inspectPictures(submission: Pick<Submission, 'pictures' | 'terms'>, config: ApiConfig): void {
  const errors = SIDES.flatMap((side) => {
    const picture = submission.pictures[side];
    const reason = picture && unusable(picture, submission.terms.options.fit, config);
    return reason ? [fieldProblem(side, reason)] : [];
  });
  const first = errors[0];
  if (first) throw new Problem('image_unusable', first.detail, { errors });
}

function unusable(picture: Buffer, fit: boolean, config: ApiConfig): ImageReason | null {
  try {
    const limits = { ...defaultImageLimits, ...imageLimits(config) };
    const assessment = assessImage(inspectImage(picture), picture.length, limits, { fit });
    return assessment.kind === 'hopeless' ? assessment.reason : null;
  } catch (error) {
    if (error instanceof RejectedError) return String(error.fields.reason) as ImageReason;
    throw error;
  }
}

function fieldProblem(side: Side, reason: ImageReason): FieldProblem {
  return { pointer: `/${side}`, code: reason, detail: describeImageReason(reason) };
}

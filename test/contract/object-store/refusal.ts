// How a refusal looks to a client of the SDK: its code and its HTTP status, and nothing of its message.
import { S3ServiceException } from '@aws-sdk/client-s3';

export type Refusal = { code: string; status: number | undefined };

/** What the promise was refused with. @throws when it was not refused, or failed otherwise than by an answer. */
export async function refusalOf(answer: Promise<unknown>): Promise<Refusal> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof S3ServiceException) return { code: error.name, status: error.$metadata.httpStatusCode };
    throw error;
  }
  throw new Error('the store should have refused this, and did not');
}

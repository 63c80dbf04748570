// How an SDK client sees a refusal: its code and HTTP status, never its message.
import { S3ServiceException } from '@aws-sdk/client-s3';

export type Refusal = { code: string; status: number | undefined };

/** Resolves with the refusal. @throws when the request succeeded or failed without a response. */
export async function refusalOf(answer: Promise<unknown>): Promise<Refusal> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof S3ServiceException) return { code: error.name, status: error.$metadata.httpStatusCode };
    throw error;
  }
  throw new Error('the store should have refused this, and did not');
}

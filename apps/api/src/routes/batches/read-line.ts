/** Reads one line of a batch without the store: the same bytes always give the same result. */
import { canonicalJson } from '../../http/idempotency/canonical.ts';
import { readJson } from '../../http/json/index.ts';
import { Problem, validated } from '../../http/problems/index.ts';
import { fromRequest, meaningOf, type Submission } from '../../pipeline/submit/index.ts';
import { type JobRequestBody, jobRequestSchema, SOURCE } from '../../pipeline/submit/request-schema.ts';

export interface ReadLine {
  /** For the comparison under an Idempotency-Key: equal lines mean the same, whatever their results. */
  meaning: string;
  line: { request: JobRequestBody; submission: Submission } | Problem;
}

export function readLine(bytes: Buffer): ReadLine {
  let value: unknown;
  let meaning = () => bytes.toString('latin1').trim();
  try {
    value = readJson(bytes, { what: 'The line' });
    meaning = () => canonicalJson(value);
    const request = validated(jobRequestSchema, value);
    const submission = fromRequest(request);
    meaning = () => meaningOf(submission);
    if (!request.front && !request.back) throw withoutSide();
    return { meaning: meaning(), line: { request, submission } };
  } catch (error) {
    if (error instanceof Problem) return { meaning: meaning(), line: error };
    throw error;
  }
}

function withoutSide(): Problem {
  return new Problem('invalid_request', `A job needs an image of at least one side. ${SOURCE}`);
}

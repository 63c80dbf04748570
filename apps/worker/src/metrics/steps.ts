/** Measures the steps of a job, each in a span of its trace. It changes neither results nor errors. */
import { asCardsealError } from '@cardseal/base/errors';
import { inSpan, type SpanIds } from '@cardseal/core/trace';
import type { WorkerContext } from '../context.ts';

export type Step = 'fetch' | 'encrypt' | 'permit' | 'call' | 'save' | 'conclude' | 'announce';

export async function timed<T>(
  { metrics }: Pick<WorkerContext, 'metrics'>,
  step: Step,
  work: () => Promise<T>,
  ids: SpanIds = {},
): Promise<T> {
  const startedAt = performance.now();
  const tell = (result: string) =>
    metrics.observe('cardseal_step_seconds', { step, result }, (performance.now() - startedAt) / 1000);
  try {
    const value = await inSpan(step, ids, work);
    tell('ok');
    return value;
  } catch (error) {
    tell(asCardsealError(error).disposition);
    throw error;
  }
}

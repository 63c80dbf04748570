/** Times the steps of a card. What a step does, answers or throws it leaves alone. */
import { asCardsealError } from '@cardseal/core/errors';
import type { WorkerContext } from '../context.ts';

export type Step = 'fetch' | 'encrypt' | 'permit' | 'call' | 'save' | 'conclude' | 'announce' | 'deliver';

export async function timed<T>(
  { metrics }: Pick<WorkerContext, 'metrics'>,
  step: Step,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const tell = (result: string) =>
    metrics.observe('cardseal_step_seconds', { step, result }, (performance.now() - startedAt) / 1000);
  try {
    const value = await work();
    tell('ok');
    return value;
  } catch (error) {
    tell(asCardsealError(error).disposition);
    throw error;
  }
}

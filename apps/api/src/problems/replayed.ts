/** An answer that was given before, thrown in place of doing the work again; the error handler sends it. */
import type { KeptAnswer } from '@cardseal/core/ledger';

export class Replayed extends Error {
  readonly answer: KeptAnswer;

  constructor(answer: KeptAnswer) {
    super('answered before');
    this.answer = answer;
  }
}

/** An answer that was given before, thrown in place of doing the work again; the error handler sends it. */
import type { StoredResponse } from '@cardseal/core/ledger';

export class Replayed extends Error {
  readonly answer: StoredResponse;

  constructor(answer: StoredResponse) {
    super('answered before');
    this.answer = answer;
  }
}

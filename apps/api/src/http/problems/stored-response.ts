/** A stored response, thrown instead of repeating the work; the error handler sends it. */
import type { StoredResponse } from '@cardseal/core/ledger';

export class Replayed extends Error {
  readonly answer: StoredResponse;

  constructor(answer: StoredResponse) {
    super('answered before');
    this.answer = answer;
  }
}

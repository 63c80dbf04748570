export { IMAGE_REFUSALS, isFinalFailure } from './final-failure.ts';
export { type Ending, freezeOutcome } from './freeze-outcome.ts';

export { type Ending, freezeOutcome } from './freeze-outcome.ts';

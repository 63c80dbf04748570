export { countAccepted, countRefused, countReturned } from './calls.ts';
export { timed } from './steps.ts';

export { withoutNulls } from './absent-nulls.ts';
export { type InputProblem, problemsOf, sentenceOf } from './problems-of.ts';
export { type InputResult, readInput } from './read-input.ts';

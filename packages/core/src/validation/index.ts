export { problemsOf, sentenceOf } from './problems-of.ts';
export { readInput } from './read-input.ts';

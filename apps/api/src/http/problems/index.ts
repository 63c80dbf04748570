export { handleErrors, problemSentTo, REFUSALS, sendProblem } from './handle-errors.ts';
export { type FieldProblem, PROBLEMS, Problem, type ProblemCode, problemDocument } from './problem.ts';
export { Replayed } from './stored-response.ts';
export { refuseUnknownPaths } from './unknown-paths.ts';
export { validated } from './validated.ts';

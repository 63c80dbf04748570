export { checkEndpoints } from './check-endpoints.ts';
export { inspectPictures } from './inspect.ts';
export { meaningOf } from './meaning.ts';
export { fromRequest } from './read-submission.ts';

export { objectRules, resolveSource, uploadsOf } from './resolve-sources.ts';
export type { Submission } from './submission.ts';

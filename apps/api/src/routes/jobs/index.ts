export { lifecycleRoutes } from './lifecycle.ts';
export { listQuery } from './list-jobs.ts';
export { readJob } from './read-job.ts';
export { jobRoutes, waitQuery } from './routes.ts';
export { waitForJob } from './wait-for-job.ts';

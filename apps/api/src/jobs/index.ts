export { readJob } from './read-job.ts';
export { jobRoutes } from './routes.ts';
export { waitForJob } from './wait-for-job.ts';

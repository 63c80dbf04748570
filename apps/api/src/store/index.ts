export { type Stored, storeJob } from './store-job.ts';

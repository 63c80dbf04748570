export { type Eraser, eraseJob, finishErasure } from './erase-job.ts';

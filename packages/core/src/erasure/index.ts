export { type Eraser, eraseJob, finishErasure, removeAll } from './erase-job.ts';

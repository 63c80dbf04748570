export { completeErasure, type Eraser, ErasureIncomplete, eraseJob, finishErasure, removeAll } from './erase-job.ts';

export { createKeyWatch, type KeyWatch } from './key-watch.ts';
export { beginWait, type Wait } from './wait.ts';
export { whenClosed } from './when-closed.ts';

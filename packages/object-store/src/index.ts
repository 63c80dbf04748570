export { type MemoryObjectStore, memoryObjectStore } from './memory-object-store.ts';
export { listAll, type ObjectStore, scan } from './object-store.ts';
export { observedObjectStore, type StoreObserver } from './observed-object-store.ts';
export { readNewest } from './read-newest.ts';
export { readOpened } from './read-opened.ts';
export { createS3Client, type S3Settings, s3ObjectStore } from './s3-object-store.ts';

export * from './api/index.ts';
export * from './webhook/index.ts';

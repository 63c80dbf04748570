export { BATCH_TYPES, batchRoutes } from './routes.ts';
export { batchResultSchema, batchSchema } from './schema.ts';

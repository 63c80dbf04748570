export { createPoolWatch } from './pool-watch.ts';
export { quotaRoutes } from './routes.ts';
export { quotaSchema } from './schema.ts';
export { type Waiting, waitingOf } from './waiting.ts';

export { createUsageMeter } from '../../http/limits/usage-meter.ts';
export { usageRoutes } from './routes.ts';
export { usageQuery, usageSchema } from './schema.ts';

export { createUsageMeter, type UsageMeter } from '../../http/limits/usage-meter.ts';
export { usageRoutes } from './routes.ts';
export { usageQuery, usageSchema } from './schema.ts';

export { createUsageMeter, type UsageMeter } from './meter.ts';
export { usageRoutes } from './routes.ts';
export { usageQuery, usageSchema } from './schema.ts';

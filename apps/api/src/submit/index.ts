export { jobRequestSchema } from './request-schema.ts';
export { submitRoute } from './route.ts';

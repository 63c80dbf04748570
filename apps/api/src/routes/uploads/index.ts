export { uploadRoutes } from './routes.ts';
export { uploadRequestSchema, uploadTicketSchema } from './schema.ts';

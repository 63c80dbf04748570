export { uploadRoutes } from './routes.ts';
export { PICTURE_TYPES, uploadRequestSchema, uploadTicketSchema } from './schema.ts';

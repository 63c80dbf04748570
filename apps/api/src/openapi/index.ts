export { openApiDocument, operations, problemsOfOperation } from './document.ts';
export type { Operation } from './operation.ts';
export { openApiRoutes } from './routes.ts';

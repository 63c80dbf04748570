export { openApiDocument, operations, problemsOfOperation } from './document.ts';

export { openApiRoutes } from './routes.ts';

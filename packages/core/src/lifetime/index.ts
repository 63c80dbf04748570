export { drainServer } from './drain.ts';
export { runApp } from './run-app.ts';

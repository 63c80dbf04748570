export { drainServer } from './drain.ts';
export { type RunnableApp, runApp } from './run-app.ts';

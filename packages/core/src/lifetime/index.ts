export { type RunnableApp, runApp } from './run-app.ts';

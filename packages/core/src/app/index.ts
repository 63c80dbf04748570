export { type AppOverrides, type OpenedApp, openApp } from './open-app.ts';

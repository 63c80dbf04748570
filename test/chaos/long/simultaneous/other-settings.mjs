/**
 * Preloaded into processes of a test stack: `OTHER_SETTINGS` is JSON with settings by the name of the worker that gets
 * them.
 */
const settings = JSON.parse(process.env.OTHER_SETTINGS ?? '{}')[process.env.WORKER_NAME ?? ''];
Object.assign(process.env, settings);

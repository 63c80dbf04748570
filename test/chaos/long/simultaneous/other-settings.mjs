/** Loaded before a program of the stack: `OTHER_SETTINGS` holds JSON of settings by the name of the worker that gets them. */
const settings = JSON.parse(process.env.OTHER_SETTINGS ?? '{}')[process.env.WORKER_NAME ?? ''];
Object.assign(process.env, settings);

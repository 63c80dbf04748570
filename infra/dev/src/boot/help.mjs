/** The help texts of the npm scripts. They must be readable before anything is installed. */

export const VERBS = {
  start: 'start the whole system on this machine and keep it running until Ctrl-C',
  dev: 'the same, and restart the affected processes when a source file changes',
  demo: 'start it in a temporary folder, submit specimen cards, show the results, stop',
  test: 'run every check, or the named ones (-- <project, path or pattern>)',
  lint: 'check format, imports, unused code and prose (-- <check>)',
  bench: 'run one benchmark (-- <name>)',
  soak: 'run one check at full length (-- <name>)',
  chaos: 'run random faults against the system',
  judges: 'check against independent programs',
  'test:s3': 'run the object-store checks against a real S3',
  cardseal: 'run the command line (-- <command>)',
};

const SETTINGS = `\
settings (environment variables):
  CARDSEAL_DATA_DIR      data folder; .cardseal by default
  API_PORT               3000 by default; 0 takes a free port, here and below
  ADMIN_PORT             3001 by default
  EMULATOR_PORT          3002 by default
  S3_PORT                3003 by default
  WORKERS                number of worker processes; 1 by default
  BAIDU_QPS              calls a second of the emulator and its credential; 100 by default
  REDIS_URL              a running Redis; by default the launcher starts a private one
  WEBHOOK_ALLOW_TARGETS  networks that webhooks may reach; 127.0.0.0/8,::1/128 by default
  LOG_LEVEL              level of the log files; info by default`;

const START = `\
It starts Redis, an object store, the emulator of the provider, the API, workers and the admin. It makes no paid call.
When everything responds, it prints "cardseal is ready" with the URLs, and writes URLs and keys to dev.json in the
data folder. Data survives a restart. Logs are in the folder "logs" of the data folder. Ctrl-C stops everything.`;

/** Commands without arguments. Every other command prints its own help. */
export const HELP = {
  start: `usage: npm start\n${START}\n\n${SETTINGS}`,
  dev: `\
usage: npm run dev
Runs the same as npm start, and watches the sources. A change below apps/<app>/src restarts that app, a change below
packages/ restarts API, workers and admin, and a change of the object store double restarts that. Tests are ignored. A
restarted process keeps its port. The launcher's own watcher does this; it also stops each process as a deployment does.

${START}

${SETTINGS}`,
  demo: `\
usage: npm run demo
Starts the system in a temporary folder on free ports, submits specimen cards, prints results and verified webhooks,
and stops. It makes no paid call. The exit code is 0 only if every card has a result and every webhook has arrived.

settings (environment variables):
  REDIS_URL  a running Redis; by default the demo starts a private one`,
  'test:s3': `\
usage: npm run test:s3
Runs the contract tests and the end-to-end tests against the S3 that S3_ENDPOINT names, with S3_REGION,
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without S3_ENDPOINT it starts Ceph's object gateway for this run.`,
};

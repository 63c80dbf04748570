/** The settings of the worker. `main.ts` reads them once. */
import {
  baiduEnvironment,
  commonEnvironment,
  type Env,
  httpUrl,
  positiveInteger,
  readEnvironment,
  redisEnvironment,
  type SettingsCheck,
  storeEnvironment,
  webhookEnvironment,
} from '@cardseal/core/config';
import { fileProblems, publicUrlProblems, relationProblems } from '@cardseal/core/preflight';
import { z } from 'zod';
import { poolProblems } from './providers/pool-problems.ts';

const schema = z.object({
  ...commonEnvironment,
  ...redisEnvironment,
  ...storeEnvironment,
  ...webhookEnvironment,
  ...baiduEnvironment,
  /** Required for the role `recognize`. */
  BAIDU_CREDENTIALS_FILE: baiduEnvironment.BAIDU_CREDENTIALS_FILE.optional(),
  /** The roles of this worker; a worker that recognizes also reconciles and sweeps. */
  WORKER_ROLES: z
    .string()
    .default('recognize,deliver')
    .transform((text) => new Set(text.split(',').map((role) => role.trim())))
    .refine((roles) => roles.size > 0 && [...roles].every((role) => role === 'recognize' || role === 'deliver'), {
      message: 'must be recognize, deliver, or both with a comma',
    }),
  RECOGNIZE_CONCURRENCY: positiveInteger.optional(),
  /** The price of one billed call, for the estimate in the metrics. */
  UPSTREAM_PRICE_YUAN: z.coerce.number().min(0).default(0),
  /** A delivery mostly waits for its receiver, so it costs a socket and little else. */
  DELIVER_CONCURRENCY: positiveInteger.default(200),
  /** How long calls in flight may take after SIGTERM; longer than the longest deadline. */
  SHUTDOWN_GRACE_MS: positiveInteger.default(20_000),
  UPSTREAM_DEADLINE_MS: positiveInteger.default(10_000),
  PUBLIC_URL: httpUrl.optional(),
  WEBHOOK_DEADLINE_MS: positiveInteger.max(30_000).default(15_000),
  RECONCILE_INTERVAL_MS: positiveInteger.default(60_000),
  LOCK_DURATION_MS: positiveInteger.default(30_000),
  /** The worker ends when its event loop hangs for this long, or when jobs wait for this long and it starts none. */
  STUCK_AFTER_MS: positiveInteger.min(2000).default(60_000),
  /** A worker whose heap reaches this size drains and ends; default: 85 % of V8's limit. */
  HEAP_CAP_MB: positiveInteger.optional(),
  /** Tests only: a folder whose files, named after failpoints, say what happens there. */
  FAILPOINTS_DIR: z.string().optional(),
  /** How long the images of a failed or expired job stay, so that it can be retried. */
  RETRY_WINDOW_MS: positiveInteger.default(72 * 60 * 60_000),
  /** How long a job and its result stay, unless the job sets its own time. */
  RETENTION_MS: positiveInteger.default(7 * 24 * 60 * 60_000),
  RETENTION_INTERVAL_MS: positiveInteger.default(10 * 60_000),
});

/** Every variable that is read; docs/operate/settings.md names each. */
export const settingNames = Object.keys(schema.shape);

export type WorkerConfig = z.output<typeof schema>;

const checks: SettingsCheck<typeof schema>[] = [
  relationProblems,
  publicUrlProblems,
  (settings, env) => {
    const problems: string[] = [];
    if (settings.CARDSEAL_ENV === 'production' && settings.FAILPOINTS_DIR !== undefined)
      problems.push('FAILPOINTS_DIR: is for tests only; remove it');
    const { SHUTDOWN_GRACE_MS: graceMs, UPSTREAM_DEADLINE_MS: deadlineMs } = settings;
    if (graceMs !== undefined && deadlineMs !== undefined && graceMs <= deadlineMs)
      problems.push('SHUTDOWN_GRACE_MS: must be more than UPSTREAM_DEADLINE_MS, or a stop cuts calls that are running');
    if (settings.WORKER_ROLES?.has('recognize') && env.BAIDU_CREDENTIALS_FILE === undefined)
      problems.push('BAIDU_CREDENTIALS_FILE: is missing; a worker that recognizes needs it');
    if (settings.LOCK_DURATION_MS !== undefined && settings.LOCK_DURATION_MS < 5000)
      problems.push('LOCK_DURATION_MS: must be at least 5000');
    return problems;
  },
];

const fileChecks: SettingsCheck<typeof schema>[] = [
  fileProblems,
  (settings) => (settings.WORKER_ROLES?.has('recognize') ? poolProblems(settings) : []),
];

/**
 * @param files also checks the files that settings name, as a start does.
 * @throws ConfigurationError with every problem.
 */
export function readConfig(env: Env, { files = false } = {}): WorkerConfig {
  return readEnvironment(schema, env, files ? [...checks, ...fileChecks] : checks);
}

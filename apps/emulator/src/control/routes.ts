// /__control: tests configure the emulator and read its statistics. Only for development; the provider has no such route.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { FAULT_KINDS } from '../faults/faults.ts';
import { readBody, sendJson, sendText } from '../http.ts';

const MAX_BODY_BYTES = 65_536;
const allowance = z.number().int().min(0).nullable();

const Fault = z
  .strictObject({
    kind: z.enum(FAULT_KINDS),
    rate: z.number().min(0).max(1).optional(),
    count: z.number().int().min(0).optional(),
    code: z.number().int().optional(),
    status: z.number().int().min(200).max(599).optional(),
    interval_ms: z.number().min(0).optional(),
    credential: z.string().optional(),
  })
  .refine((fault) => fault.kind !== 'error' || fault.code !== undefined, 'error needs a code')
  .refine((fault) => fault.kind !== 'http' || fault.status !== undefined, 'http needs a status');

const Control = z.strictObject({
  limits: z
    .strictObject({
      qps: z.number().min(0).nullable(),
      window: z.enum(['fixed', 'sliding']),
      daily: allowance,
      total: allowance,
    })
    .partial()
    .optional(),
  latency_ms: z
    .strictObject({ p50: z.number().min(0), p99: z.number().min(0) })
    .partial()
    .optional(),
  faults: z.array(Fault).optional(),
});

/** Awaits `changed` before the response, so that the new faults apply once the caller has the response. */
export async function handleControl(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  changed: () => Promise<void>,
): Promise<void> {
  const body = await readBody(request, MAX_BODY_BYTES);
  switch (`${request.method} ${url.pathname}`) {
    case 'PUT /__control':
      return change(context, response, body, changed);
    case 'DELETE /__control':
      resetControl(context);
      await changed();
      return sendJson(response, 200, controlState(context));
    case 'GET /__control':
      return sendJson(response, 200, controlState(context));
    case 'GET /__control/stats':
      return sendJson(response, 200, context.journal.stats());
    case 'POST /__control/stats/reset':
      context.journal.reset();
      return sendJson(response, 200, context.journal.stats());
    case 'GET /__control/calls':
      return sendCalls(context, response);
    case 'GET /__control/public-key':
      return sendText(response, 200, 'application/x-pem-file', context.keyPair.publicPem);
    default:
      return sendJson(response, 404, { error: 'not_found' });
  }
}

async function change(
  context: Context,
  response: ServerResponse,
  body: Buffer,
  changed: () => Promise<void>,
): Promise<void> {
  const parsed = Control.safeParse(parseJson(body));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, code }) => ({ at: path.join('.'), code }));
    sendJson(response, 400, { error: 'invalid_control', problems });
    return;
  }
  const { limits, latency_ms, faults } = parsed.data;
  if (limits) context.limiter.set(defined(limits));
  if (latency_ms) context.latency.set(defined(latency_ms));
  if (faults) context.faults.set(faults);
  await changed();
  sendJson(response, 200, controlState(context));
}

function resetControl(context: Context): void {
  context.limiter.reset();
  context.latency.reset();
  context.faults.set([]);
  context.tokens.forgetRevoked();
}

function controlState(context: Context) {
  return { limits: context.limiter.limits(), latency_ms: context.latency.shape(), faults: context.faults.rules() };
}

function sendCalls(context: Context, response: ServerResponse): void {
  const lines = context.journal.records().map((record) => `${JSON.stringify(record)}\n`);
  sendText(response, 200, 'application/x-ndjson', lines.join(''));
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

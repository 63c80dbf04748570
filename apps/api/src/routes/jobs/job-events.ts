/**
 * Server-sent events of one job: its current state, every change of its state, and its end; then the stream closes.
 * A stream that ends earlier, because the key is no longer valid or the process stops, ends with an event `problem`.
 * Changes come from one subscription per process; the ledger is read at the start and at the end, not per change.
 */
import { isFinished, type JobId, type JobView } from '@cardseal/core/job';
import type { JobChange } from '@cardseal/core/queue';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { Problem, problemDocument } from '../../http/problems/index.ts';
import { beginWait, whenClosed } from '../../http/waits/index.ts';
import { lookAgainMs } from './poll-interval.ts';
import { readJobTogether } from './read-together.ts';

/** Proxies close a connection that is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** Throws Problem `not_found` before the stream begins; afterwards it never throws. */
export async function streamJobEvents(
  context: ApiContext,
  caller: Caller,
  job: JobId,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const inbox = openInbox(context, job);
  const first = await readJobTogether(context, caller, job).catch((error) => {
    inbox.close();
    throw error;
  });
  if (!first) {
    inbox.close();
    throw new Problem('not_found');
  }
  reply.hijack();
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'private, no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'request-id': request.id,
    connection: 'close',
  });
  whenClosed(reply.raw, inbox.close);
  let finished = false;
  const wait = beginWait(context, caller);
  wait.signal.addEventListener('abort', inbox.close, { once: true });
  if (wait.signal.aborted) inbox.close();
  try {
    await follow(context, caller, first, inbox, (view) => {
      reply.raw.write(frame(view));
      finished = isFinished(view.state);
    });
  } catch {
    // The status is already sent: the reader sees the stream end without a final state, and connects again.
  } finally {
    inbox.close();
    wait.end();
    const ended = finished ? null : wait.ended();
    if (ended) reply.raw.write(lastFrame(ended, request.id));
    reply.raw.end();
  }

  async function follow(
    api: ApiContext,
    owner: Caller,
    start: JobView,
    { next }: Inbox,
    send: (view: JobView) => void,
  ): Promise<void> {
    let view = start;
    let lookedAtMs = api.clock.now();
    send(view);
    while (!isFinished(view.state)) {
      const change = await next(Math.min(HEARTBEAT_MS, lookAgainMs(api)));
      if (change === 'closed') return;
      if (change === 'silence' && api.clock.now() - lookedAtMs < lookAgainMs(api)) {
        reply.raw.write(': still here\n\n');
        continue;
      }
      lookedAtMs = api.clock.now();
      const seen = await apply(api, owner, view, change);
      if (!seen) return;
      if (seen.state !== view.state || seen.waiting_for !== view.waiting_for || seen.generation !== view.generation) {
        send(seen);
      } else if (change === 'silence') reply.raw.write(': still here\n\n');
      view = seen;
    }
  }
}

function frame(view: JobView): string {
  return `event: state\ndata: ${JSON.stringify(view)}\n\n`;
}

/** Says why the stream ends before the job does. A browser reconnects after the time in `retry`. */
function lastFrame(problem: Problem, requestId: string): string {
  const retry = problem.code === 'shutting_down' ? 'retry: 1000\n' : '';
  return `${retry}event: problem\ndata: ${JSON.stringify(problemDocument(problem, requestId))}\n\n`;
}

/** null when the job is gone. */
async function apply(
  context: ApiContext,
  caller: Caller,
  view: JobView,
  change: JobChange | 'silence',
): Promise<JobView | null> {
  if (change === 'silence' || change.state === 'finished') return readJobTogether(context, caller, view.id);
  if (change.generation < view.generation) return view;
  return { ...view, generation: change.generation, state: change.state, waiting_for: change.waitingFor };
}

interface Inbox {
  /** The next change; `silence` after `timeoutMs`; `closed` when the client has disconnected. */
  next(timeoutMs: number): Promise<JobChange | 'silence' | 'closed'>;
  close(): void;
}

/** Opened before the first read, so that no change between the two is missed. */
function openInbox({ changes }: ApiContext, job: JobId): Inbox {
  const waiting: JobChange[] = [];
  let closed = false;
  let wake: (() => void) | null = null;
  const unwatch = changes.watch(job, (change) => {
    waiting.push(change);
    wake?.();
  });
  return {
    async next(timeoutMs) {
      if (waiting.length === 0 && !closed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
      if (closed) return 'closed';
      return waiting.shift() ?? 'silence';
    },
    close() {
      closed = true;
      unwatch();
      wake?.();
    },
  };
}

/** The states of a job are closed: any sequence of actions, also simultaneous ones, follows the state diagram. */
import { readFileSync } from 'node:fs';
import { JOB_STATES, type JobState, type JobView, TRANSITIONS } from '@cardseal/core/job';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { endJob } from '../../support/outcomes.ts';

const page = readFileSync(new URL('../../../docs/use/api.md', import.meta.url), 'utf8');
const ENDS = ['succeeded', 'failed', 'expired'] as const;
const ACTIONS = [...ENDS, 'cancel', 'retry', 'erase'] as const;

/** States that an observer may see next when it misses some in between. */
function reachable(from: JobState): Set<JobState> {
  const seen = new Set<JobState>();
  const open = [...TRANSITIONS[from]];
  for (let state = open.pop(); state; state = open.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    open.push(...TRANSITIONS[state]);
  }
  return seen;
}

describe('the states of a job', () => {
  let api: TestApi;
  let key: string;
  let image: string;
  beforeAll(async () => {
    api = await startTestApi();
    key = await api.key('bank');
    image = (await plainJpeg()).toString('base64');
  });
  afterAll(() => api.stop());

  it('match the diagram in the docs', () => {
    const diagram = page.split('```mermaid\nstateDiagram-v2\n')[1]!.split('```')[0]!;
    const drawn = [...diagram.matchAll(/^ {2}(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} ${to}`);
    const listed = JOB_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} ${to}`));
    expect(drawn.sort()).toEqual(listed.sort());
  });

  const submit = async (): Promise<JobView> =>
    (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body;
  const read = async (id: string): Promise<JobView> => (await api.call('GET', `/v1/jobs/${id}`, { key })).body;

  async function act(action: (typeof ACTIONS)[number], view: JobView): Promise<number> {
    const at = `/v1/jobs/${view.id}`;
    if (action === 'erase') return (await api.call('DELETE', at, { key })).status;
    if (action === 'cancel' || action === 'retry') return (await api.call('POST', `${at}/${action}`, { key })).status;
    const failure = { code: 'upstream_timeout', message: 'No.', side: null, retryable: true };
    const end = { state: action, ...(action === 'failed' ? { failure } : {}) };
    await endJob(api.ledger, 'bank', view, end).catch((error) => {
      if (error.code !== 'job_erased') throw error;
    });
    return 200;
  }

  function check(before: JobView, after: JobView): void {
    const move = `${before.generation} ${before.state} → ${after.generation} ${after.state}`;
    if (after.state === before.state && after.generation === before.generation) return;
    expect(reachable(before.state), move).toContain(after.state);
    expect(after.generation, move).toBeGreaterThanOrEqual(before.generation);
    const ended = before.finished_at !== null;
    // A final state stays unless the job is retried or erased.
    if (ended && after.generation === before.generation) expect(after.state, move).toBe('erased');
    if (after.generation > before.generation)
      expect(['erased', 'queued', ...ENDS, 'cancelled'], move).toContain(after.state);
  }

  it('follow the diagram, one action at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...ACTIONS), { minLength: 1, maxLength: 8 }), async (actions) => {
        let view = await submit();
        expect(view.state).toBe('queued');
        for (const action of actions) {
          const status = await act(action, view);
          const after = await read(view.id);
          check(view, after);
          if (after.state !== view.state) expect(TRANSITIONS[view.state]).toContain(after.state);
          // A refused action changes nothing.
          if (status >= 400) expect([after.state, after.generation]).toEqual([view.state, view.generation]);
          if (action === 'retry' && status === 202) expect(after.generation).toBe(view.generation + 1);
          view = after;
        }
      }),
      { numRuns: 40 },
    );
  });

  it('follow the diagram during simultaneous actions, and lists agree', async () => {
    const burst = fc.array(fc.constantFrom(...ACTIONS), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(burst, { minLength: 1, maxLength: 4 }), async (bursts) => {
        let view = await submit();
        for (const actions of bursts) {
          const statuses = await Promise.all(actions.map((action) => act(action, view)));
          for (const status of statuses) expect([200, 202, 404, 409, 410]).toContain(status);
          const after = await read(view.id);
          check(view, after);
          view = after;
        }
        const { body } = await api.call('GET', '/v1/jobs?limit=1', { key });
        expect(body.data[0]).toMatchObject({ id: view.id, state: view.state, generation: view.generation });
      }),
      { numRuns: 30 },
    );
  });
});

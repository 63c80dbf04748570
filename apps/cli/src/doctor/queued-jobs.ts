/** Lists the waiting jobs of a queue page by page. It may miss a job, because jobs that start shift the pages. */

const PAGE = 500;
const WAITING = ['waiting', 'prioritized', 'delayed'] as const;

interface Listed {
  getState(): Promise<string>;
}

interface Pages<J> {
  getJobs(states: (typeof WAITING)[number][], from: number, to: number): Promise<J[]>;
}

export async function* queued<J extends Listed>(queue: Pages<J>): AsyncGenerator<J> {
  for (const state of WAITING) {
    for (let from = 0; ; from += PAGE) {
      const page = (await queue.getJobs([state], from, from + PAGE - 1)).filter(Boolean);
      yield* page;
      if (page.length < PAGE) break;
    }
  }
}

/** False when a worker has started or finished the job since it was listed. */
export async function stillQueued(job: Listed): Promise<boolean> {
  return (WAITING as readonly string[]).includes(await job.getState());
}

/** Submits jobs under load as several tenants do, and remembers every job that the API accepted. */
import { createHash, randomUUID } from 'node:crypto';
import type { Specimen } from '@cardseal/emulator/cards';
import type { TestStack } from '../../support/stack.ts';
import type { AcceptedJob } from '../checker/index.ts';
import { type Client, jsonBody, untilAccepted } from './clients.ts';
import type { Inbox } from './inbox.ts';

const BACK_FIELDS = ['issuing_authority', 'valid_from', 'valid_until', 'valid_long_term'];

interface Submission {
  image?: Buffer;
  /** Index of the client. By default the clients take turns. */
  client?: number;
  /** Further members of the request. */
  terms?: object;
}

export interface Submissions {
  accepted: AcceptedJob[];
  /** Submits one job and repeats the request until the API answers 202. */
  submit(submission?: Submission): Promise<AcceptedJob>;
  submitMany(count: number): Promise<AcceptedJob[]>;
  /** Number of jobs that are being submitted or were accepted, and have no event yet. */
  open(): number;
}

export function createSubmissions(
  app: TestStack,
  clients: readonly Client[],
  inbox: Inbox,
  specimens: readonly Specimen[],
): Submissions {
  const accepted: AcceptedJob[] = [];
  let made = 0;
  let submitting = 0;

  async function submit({ image, client, terms }: Submission = {}): Promise<AcceptedJob> {
    const n = made++;
    const specimen = specimens[n % specimens.length]!;
    const front = image ?? unique(specimen.front, n);
    const by = clients[(client ?? n) % clients.length]!;
    const request = jsonBody({ front: { image: front.toString('base64') }, ...terms }, randomUUID());
    submitting++;
    try {
      const id = await untilAccepted(app, by, request);
      const imageSha256 = createHash('sha256').update(front).digest('hex');
      const truth = image ? null : frontOf(specimen);
      const job = { id, tenant: by.tenant, acceptedAtMs: Date.now(), imageSha256, truth };
      accepted.push(job);
      return job;
    } finally {
      submitting--;
    }
  }

  return {
    accepted,
    submit,
    submitMany: (count) => Promise.all(Array.from({ length: count }, () => submit())),
    open: () => accepted.filter(({ id }) => !inbox.jobs.has(id)).length + submitting,
  };
}

/** The same image with its own JPEG comment: the hash differs, so it makes another job, but the card is the same. */
export function unique(jpeg: Buffer, n: number): Buffer {
  const text = Buffer.from(`card ${n}`);
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

function frontOf({ truth }: Specimen): Record<string, unknown> {
  return Object.fromEntries(Object.entries(truth.card).filter(([field]) => !BACK_FIELDS.includes(field)));
}

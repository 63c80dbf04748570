/** What was asked for, as the ledger keeps it from the commit on; and what of it a submitter may choose. */
import { z } from 'zod';
import type { JobId } from './ids.ts';

export const SIDES = ['front', 'back'] as const;
export type Side = (typeof SIDES)[number];

export const jobOptionsSchema = z
  .strictObject({
    detect_risk: z.boolean().default(true),
    detect_quality: z.boolean().default(true),
    detect_photo: z.boolean().default(false),
    detect_card: z.boolean().default(false),
    fit: z.boolean().default(true),
  })
  .meta({ id: 'JobOptions', description: 'What to detect, and whether over-sized pictures are fitted.' });

type JobOptions = z.output<typeof jobOptionsSchema>;

/** A picture in a bucket of the tenant's own. */
export interface ObjectSource {
  bucket: string;
  key: string;
  version_id?: string | undefined;
}

/** Sealed as `request`; its existence is the commit of a submit. Times are milliseconds since the epoch. */
export interface JobRequest {
  v: 1;
  job: JobId;
  tenant: string;
  /** Tells one's own earlier write from a competitor's. */
  nonce: string;
  createdAtMs: number;
  sides: Side[];
  options: JobOptions;
  reference: string | null;
  metadata: Record<string, string>;
  priority: 'interactive' | 'bulk';
  expiresAtMs: number | null;
  retainForS: number | null;
  keepImages: boolean;
  endpointIds: string[] | null;
  apiKeyId: string;
  /** Of a line of a batch: pictures that are read when its turn comes, and not kept. */
  sources?: Partial<Record<Side, ObjectSource>>;
  /** Where its pictures were sent to ahead: an erasure reaches them there, too. */
  uploads?: `upl_${string}`[];
  /** The `traceparent` that its trace goes on from; while traces are sent. */
  trace?: string;
}

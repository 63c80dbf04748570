/** The request of a job as the ledger stores it, and the part of it that a submitter chooses. */
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
  .meta({ id: 'JobOptions', description: 'What to detect, and whether over-sized images are fitted.' });

type JobOptions = z.output<typeof jobOptionsSchema>;

/** An image in a bucket of the tenant. */
export interface ObjectSource {
  bucket: string;
  key: string;
  version_id?: string | undefined;
}

/** Sealed as `request`. A job is committed when this object exists. Times are epoch milliseconds. */
export interface JobRequest {
  v: 1;
  job: JobId;
  tenant: string;
  /** Distinguishes a process's own earlier write from the write of a competitor. */
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
  /** For a line of a batch: images that a worker reads when it processes the job, and that the ledger does not keep. */
  sources?: Partial<Record<Side, ObjectSource>>;
  /** The uploads that the images came from: an erasure deletes them too. */
  uploads?: `upl_${string}`[];
  /** The `traceparent` that the worker's trace continues, while traces are sent. */
  trace?: string;
}

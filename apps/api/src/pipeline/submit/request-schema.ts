/** The request of a job, validated by the schema that also documents it. */
import { jobOptionsSchema } from '@cardseal/core/job';
import { z } from 'zod';

/** The text of every problem with a source. */
export const SOURCE =
  'A source is an object with exactly one of these members: {"image": "<base64>"}, {"upload_id": "<id of an upload>"}, ' +
  'or {"object": {"bucket": "<name>", "key": "<name>"}}.';

/** Zod chooses the only form whose own members are valid, and reports the members of another form as unknown. */
function form<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? SOURCE : undefined) });
}

const imageSource = form({
  image: z.string().min(1).meta({ description: 'The image, base64.', format: 'byte' }),
});

const uploadSource = form({
  upload_id: z.string().min(1).max(64).meta({ description: 'An image sent ahead by `POST /v1/uploads`.' }),
});

const objectSource = form({
  object: z
    .strictObject({
      bucket: z.string().min(3).max(63),
      key: z.string().min(1).max(1024),
      version_id: z.string().min(1).max(1024).optional(),
    })
    .meta({ description: "An image in a bucket on the tenant's list." }),
});

const source = z.union([imageSource, uploadSource, objectSource], { error: SOURCE }).meta({ id: 'Source' });
export type Source = z.output<typeof source>;

const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((value) => Object.keys(value).length <= 16, 'holds at most 16 entries');

/** Everything about a job but its images. */
export const jobTermsSchema = z.strictObject({
  options: jobOptionsSchema.prefault({}),
  reference: z.string().min(1).max(128).nullable().default(null),
  metadata: metadata.default({}),
  priority: z.enum(['interactive', 'bulk']).default('interactive'),
  expires_in: z.int().min(1).max(2_592_000).nullable().default(null),
  retain_for: z.int().min(60).max(31_536_000).nullable().default(null),
  keep_images: z.boolean().default(false),
  endpoint_ids: z.array(z.string().min(1).max(64)).max(50).nullable().default(null),
});

export const jobRequestSchema = jobTermsSchema
  .extend({ front: source.optional(), back: source.optional() })
  .meta({ id: 'JobRequest', description: 'A card to recognise; at least one side.' });

export type JobTerms = z.output<typeof jobTermsSchema>;
export type JobRequestBody = z.output<typeof jobRequestSchema>;

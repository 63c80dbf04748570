/** Request and response of `POST /v1/uploads`. */
import { z } from 'zod';
import { BARE_IMAGE } from '../../http/parsers/index.ts';

const contentType = z
  .string()
  .max(127)
  .regex(BARE_IMAGE, 'must be an image type, such as image/jpeg, or application/octet-stream')
  .default('application/octet-stream')
  .meta({ description: 'What the client calls the image. Its content decides what it is.' });

export const uploadRequestSchema = z
  .strictObject({ content_type: contentType, size: z.int().min(1).max(1_000_000_000) })
  .meta({ id: 'UploadRequest' });

export const uploadTicketSchema = z
  .object({
    upload_id: z.string(),
    url: z.string(),
    method: z.literal('PUT'),
    headers: z.record(z.string(), z.string()),
    expires_at: z.iso.datetime({ offset: true }),
  })
  .meta({ id: 'UploadTicket' });

/** What an upload is asked for with, and what is answered. */
import { z } from 'zod';

export const PICTURE_TYPES = [
  'image/jpeg',
  'image/png',
  'image/bmp',
  'image/webp',
  'image/tiff',
  'image/avif',
] as const;

export const uploadRequestSchema = z
  .strictObject({ content_type: z.enum(PICTURE_TYPES), size: z.int().min(1).max(1_000_000_000) })
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

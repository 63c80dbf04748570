/** Uploads: an image is sent before the job, to a signed URL that needs no API key. */
import type { Abortable } from './jobs.ts';
import { ConnectionError, problemFrom } from './problem-error.ts';
import type { UploadRequest, UploadTicket } from './schema.ts';
import type { Send } from './transport.ts';

export type PictureType = UploadRequest['content_type'];

export interface Uploads {
  /** A signed URL for the program that has the image. */
  create(picture: { contentType: PictureType; sizeBytes: number }, options?: Abortable): Promise<UploadTicket>;
  /** Creates a ticket and uses it; returns the id for `{ upload_id }`. */
  put(bytes: Uint8Array<ArrayBuffer>, contentType: PictureType, options?: Abortable): Promise<string>;
}

export function uploadsOf(send: Send, baseUrl: string, fetchWith: typeof fetch): Uploads {
  const uploads: Uploads = {
    async create({ contentType, sizeBytes }, options) {
      const json = { content_type: contentType, size: sizeBytes };
      return (await send('POST', '/v1/uploads', { json, ...options })).json() as Promise<UploadTicket>;
    },
    async put(bytes, contentType, options) {
      const ticket = await uploads.create({ contentType, sizeBytes: bytes.length }, options);
      const { method, headers } = ticket;
      const response = await fetchWith(new URL(ticket.url, baseUrl), {
        method,
        headers,
        body: bytes,
        ...options,
      }).catch((error) => {
        throw new ConnectionError(error);
      });
      if (!response.ok) throw await problemFrom(response);
      return ticket.upload_id;
    },
  };
  return uploads;
}

// Turns the bytes of an OCR request into the bytes of its response: decrypt, read the image, build the reply, encrypt.
// This is the slow part of a call. It may run in a separate thread, so it shares no state with limits, faults and journal.
import { createHash, createPrivateKey } from 'node:crypto';
import type { CipherSuite, EmulatorConfig } from '../config.ts';
import { encipher } from './cipher.ts';
import { ProviderError } from './errors.ts';
import { parseForm } from './form.ts';
import { declaredSide, type Endpoint, type OpenedRequest, openRequest } from './open-request.ts';
import { createPictureReader } from './read-picture.ts';
import { replyOf } from './reply.ts';

/** The configuration of a reader. A thread gets it by structured clone. */
export interface ReaderConfig {
  privatePem: string;
  suite: CipherSuite;
  replyField: string;
  bounds: EmulatorConfig['bounds'];
}

export interface ReadJob {
  body: Uint8Array;
  endpoint: Endpoint;
  /** The console key of the credential, for the endpoint `idcard`. */
  aesKey?: string | undefined;
  logId: bigint;
}

export interface ReadResult {
  side: string | null;
  imageSha256: string | null;
  /** A provider code, or the body to send. `cipherBytes` is 0 for an unencrypted reply. */
  answer: { error: number } | { body: string; cipherBytes: number };
}

export interface RequestReader {
  read(job: ReadJob): Promise<ReadResult>;
  stop(): Promise<void>;
}

export function createRequestReader(config: ReaderConfig): RequestReader {
  const privateKey = createPrivateKey(config.privatePem);
  const pictures = createPictureReader();
  return {
    async read({ body, endpoint, aesKey, logId }) {
      const bounds = config.bounds[endpoint];
      const form = parseForm(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
      const result: ReadResult = { side: declaredSide(form) ?? null, imageSha256: null, answer: { error: 1 } };
      try {
        const opened = openRequest(form, { endpoint, aesKey, privateKey, suite: config.suite, bounds });
        result.imageSha256 = createHash('sha256').update(opened.picture).digest('hex');
        const reading = await pictures.read(opened.picture, result.imageSha256, bounds);
        const reply = await replyOf(reading, opened.picture, opened.wishes);
        result.answer = readyAnswer(config.replyField, opened, logId, JSON.stringify(reply));
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        result.answer = { error: error.code };
      }
      return result;
    },
    stop: () => Promise.resolve(),
  };
}

/** The provider's envelope of an encrypted reply. It is built as text, because a JavaScript number cannot represent `log_id`. */
export function sealedEnvelope(replyField: string, logId: bigint, sealed: Buffer): string {
  return `{"log_id":${logId},${JSON.stringify(replyField)}:"${sealed.toString('base64')}"}`;
}

function readyAnswer(replyField: string, { replyKey }: OpenedRequest, logId: bigint, json: string) {
  if (!replyKey) return { body: `{"log_id":${logId},${json.slice(1)}`, cipherBytes: 0 };
  const sealed = encipher(Buffer.from(json), replyKey.key, replyKey.suite);
  return { body: sealedEnvelope(replyField, logId, sealed), cipherBytes: sealed.length };
}

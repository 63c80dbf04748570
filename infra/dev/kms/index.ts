// The KMS double: GenerateDataKey, Encrypt and Decrypt as a signed JSON service with keys in a folder, for development and tests
// on one machine. Tests can make it fail, hang, slow or refuse. It must never be used in production.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type EncryptionContext, Keys } from './keys.ts';
import { KmsError } from './kms-error.ts';
import { type Credentials, verifySignature } from './signature.ts';

export type KmsDoubleOptions = {
  dataDir: string;
  /** 0 takes a free one. */
  port: number;
  region: string;
  /** For example `alias/cardseal`. Missing keys are created at start. */
  aliases: readonly string[];
  credentials: readonly Credentials[];
};

/** The body of `PUT /__control`. Absent members stay as they are. */
type KmsTrouble = {
  /** `away`: every response is 500. `hang`: no response. `denied`: a policy forbids the call. */
  trouble: 'away' | 'hang' | 'denied' | null;
  /** Delay before every response. */
  delay_ms: number;
  disabled: { key_id: string; value: boolean };
};

export type KmsDouble = {
  readonly url: string;
  set(change: Partial<KmsTrouble>): void;
  /** Calls by operation since the start. */
  stats(): Record<string, number>;
  stop(): Promise<void>;
};

type Call = {
  KeyId?: string;
  Plaintext?: string;
  CiphertextBlob?: string;
  KeySpec?: string;
  EncryptionContext?: EncryptionContext;
};

export async function startKmsDouble(options: KmsDoubleOptions): Promise<KmsDouble> {
  const keys = new Keys(options.dataDir, options.region, options.aliases);
  const state: Pick<KmsTrouble, 'trouble' | 'delay_ms'> = { trouble: null, delay_ms: 0 };
  const stats: Record<string, number> = {};

  function set({ disabled, ...change }: Partial<KmsTrouble>): void {
    Object.assign(state, change);
    if (disabled) keys.setEnabled(disabled.key_id, !disabled.value);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    if (request.url === '/__control') {
      if (request.method === 'PUT') set(JSON.parse(body.toString()) as Partial<KmsTrouble>);
      return respond(response, 200, { ...state, stats });
    }
    try {
      const operation = String(request.headers['x-amz-target'] ?? '').replace('TrentService.', '');
      stats[operation] = (stats[operation] ?? 0) + 1;
      if (state.delay_ms > 0) await delay(state.delay_ms);
      if (state.trouble === 'hang') return;
      if (state.trouble === 'away') throw new KmsError('KMSInternalException');
      const verifier = { credentials: options.credentials, region: options.region, nowMs: Date.now() };
      verifySignature({ headers: request.headers, path: request.url ?? '/', body }, verifier);
      if (state.trouble === 'denied') throw new KmsError('AccessDeniedException');
      respond(response, 200, perform(keys, operation, JSON.parse(body.toString()) as Call));
    } catch (error) {
      const refusal = error instanceof KmsError ? error : new KmsError('ValidationException');
      respond(response, refusal.status, { __type: refusal.name, message: refusal.name });
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set,
    stats: () => ({ ...stats }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function perform(keys: Keys, operation: string, call: Call): object {
  const context = call.EncryptionContext ?? {};
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64');
  switch (operation) {
    case 'GenerateDataKey': {
      if (call.KeySpec !== 'AES_256') throw new KmsError('ValidationException');
      const plain = randomBytes(32);
      const blob = keys.encrypt(call.KeyId ?? '', context, plain);
      return { KeyId: keys.arnOf(call.KeyId ?? ''), Plaintext: base64(plain), CiphertextBlob: base64(blob) };
    }
    case 'Encrypt': {
      const blob = keys.encrypt(call.KeyId ?? '', context, bytes(call.Plaintext));
      return { KeyId: keys.arnOf(call.KeyId ?? ''), CiphertextBlob: base64(blob) };
    }
    case 'Decrypt': {
      const { keyId, plain } = keys.decrypt(call.KeyId, context, bytes(call.CiphertextBlob));
      return { KeyId: keys.arnOf(keyId), Plaintext: base64(plain) };
    }
    default:
      throw new KmsError('UnknownOperationException');
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}

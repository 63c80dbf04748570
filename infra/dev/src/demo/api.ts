/** The API calls of the demo, made with plain `fetch` as any consumer can make them. */
import type { DevInfo } from '../dev-info.ts';

export interface DemoJob {
  id: string;
  state: string;
  created_at: string;
  finished_at: string | null;
  attempts: {
    side: string;
    at: string;
    class: string;
    code: string | null;
    latency_ms: number | null;
    billed: string;
  }[];
  result?: {
    card: Record<string, unknown>;
    checks: { code: string; outcome: string; side?: string }[];
    verdict: string;
  };
  failure?: { code: string; message: string };
  deliveries: { endpoint_id: string; state: string; tries: number; last_status: number | null }[];
}

export class DemoApi {
  readonly #info: DevInfo;

  constructor(info: DevInfo) {
    this.#info = info;
  }

  createEndpoint(url: string): Promise<{ id: string; secret: string }> {
    return this.#json('POST', '/v1/webhook-endpoints', { url });
  }

  async submitJson(front: Buffer, back: Buffer, reference: string): Promise<DemoJob> {
    const sides = { front: { image: front.toString('base64') }, back: { image: back.toString('base64') } };
    return this.#json('POST', '/v1/jobs', { ...sides, reference });
  }

  async submitMultipart(front: Buffer, back: Buffer, reference: string): Promise<DemoJob> {
    const form = new FormData();
    form.set('front', new Blob([new Uint8Array(front)]), 'front.jpg');
    form.set('back', new Blob([new Uint8Array(back)]), 'back.jpg');
    form.set('request', JSON.stringify({ reference }));
    return this.#call('POST', '/v1/jobs', { body: form });
  }

  async submitBare(front: Buffer): Promise<DemoJob> {
    const headers = { 'content-type': 'image/jpeg' };
    return this.#call('POST', '/v1/jobs?side=front', { body: new Uint8Array(front), headers });
  }

  get(job: string, waitS: number): Promise<DemoJob> {
    return this.#call('GET', `/v1/jobs/${job}?wait=${waitS}`, {});
  }

  #json<T>(method: string, path: string, body: unknown): Promise<T> {
    return this.#call(method, path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  }

  async #call<T>(method: string, path: string, init: RequestInit): Promise<T> {
    const headers = { ...init.headers, authorization: `Bearer ${this.#info.apiKey}` };
    const response = await fetch(this.#info.apiUrl + path, { ...init, method, headers });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}

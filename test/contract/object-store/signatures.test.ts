// Access: only holders of the secret, only for what they signed, only while the signature is fresh.
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect } from 'vitest';
import { callSigned, presign, send, signHeaders } from './hand-signed.ts';
import { refusalOf } from './refusal.ts';
import { check, storeUnderTest } from './store-under-test.ts';

const store = storeUnderTest();
const body = Buffer.from('guarded');
const minutes = (n: number) => new Date(Date.now() + n * 60_000);
beforeAll(() => store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'guarded', Body: body })));
const host = () => ({ host: new URL(store.endpoint).host });

describe('signed headers', () => {
  check('a wrong secret is 403', async () => {
    const stranger = store.otherClient({ credentials: { accessKeyId: store.accessKeyId, secretAccessKey: 'wrong' } });
    const get = stranger.send(new GetObjectCommand({ Bucket: store.bucket, Key: 'guarded' }));
    expect(await refusalOf(get)).toEqual({ code: 'SignatureDoesNotMatch', status: 403 });
    const put = stranger.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'forged', Body: body }));
    expect(await refusalOf(put)).toEqual({ code: 'SignatureDoesNotMatch', status: 403 });
  });

  check('an unknown access key is 403', async () => {
    const stranger = store.otherClient({
      credentials: { accessKeyId: 'NOBODY', secretAccessKey: store.secretAccessKey },
    });
    const get = stranger.send(new GetObjectCommand({ Bucket: store.bucket, Key: 'guarded' }));
    expect(await refusalOf(get)).toEqual({ code: 'InvalidAccessKeyId', status: 403 });
  });

  check('an anonymous call is 403, for reading, writing, listing and deleting', async () => {
    for (const [method, path] of [
      ['GET', '/guarded'],
      ['PUT', '/anonymous'],
      ['GET', '?list-type=2'],
      ['DELETE', '/guarded'],
    ] as const) {
      const answer = await send(store, method, `/${store.bucket}${path}`, { ...host(), 'content-length': '0' });
      expect([method, answer.status, answer.code]).toEqual([method, 403, 'AccessDenied']);
    }
  });

  check('a hand-signed request is accepted, so that the refusals below mean something', async () => {
    const answer = await callSigned(store, { method: 'GET', key: 'guarded' });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'guarded']);
  });

  check('a signature for another key, method or query is 403', async () => {
    const { headers, path } = signHeaders(store, { method: 'GET', key: 'guarded' });
    for (const [method, target] of [
      ['GET', `${path}2`],
      ['DELETE', path],
      ['GET', `${path}?response-content-type=text/html`],
    ] as const) {
      expect((await send(store, method, target, headers)).code).toBe('SignatureDoesNotMatch');
    }
  });

  check('a changed signed header is 403', async () => {
    const signed = signHeaders(store, {
      method: 'PUT',
      key: 'changed',
      headers: { 'if-none-match': '*', 'content-length': '7' },
      body,
    });
    const answer = await send(store, 'PUT', signed.path, { ...signed.headers, 'if-none-match': 'x' }, body);
    expect(answer.code).toBe('SignatureDoesNotMatch');
  });

  check('an x-amz header that was not signed is refused', async () => {
    const signed = signHeaders(store, { method: 'PUT', key: 'added', headers: { 'content-length': '7' }, body });
    const answer = await send(store, 'PUT', signed.path, { ...signed.headers, 'x-amz-meta-added': 'later' }, body);
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied']);
  });

  for (const offsetMin of [-20, 20]) {
    check(`a clock ${offsetMin} minutes off is RequestTimeTooSkewed`, async () => {
      const answer = await callSigned(store, { method: 'GET', key: 'guarded', at: minutes(offsetMin) });
      expect([answer.status, answer.code]).toEqual([403, 'RequestTimeTooSkewed']);
    });
  }

  check('a clock ten minutes off is accepted', async () => {
    expect((await callSigned(store, { method: 'GET', key: 'guarded', at: minutes(-10) })).status).toBe(200);
  });
});

describe('presigned URLs', () => {
  check('a presigned GET gives the object', async () => {
    const answer = await send(store, 'GET', presign(store, 'GET', 'guarded', 60), host());
    expect([answer.status, answer.body.toString()]).toEqual([200, 'guarded']);
  });

  check('a presigned PUT writes the object, under a strange key', async () => {
    const key = 'presigned/证 +&=';
    const put = await send(
      store,
      'PUT',
      presign(store, 'PUT', key, 60),
      { ...host(), 'content-length': '3' },
      Buffer.from('new'),
    );
    expect(put.status).toBe(200);
    expect((await callSigned(store, { method: 'GET', key })).body.toString()).toBe('new');
  });

  check('a presigned URL works once its clock is 20 minutes old, if it lives an hour', async () => {
    expect((await send(store, 'GET', presign(store, 'GET', 'guarded', 3600, minutes(-20)), host())).status).toBe(200);
  });

  check('an expired URL is 403', async () => {
    const answer = await send(store, 'GET', presign(store, 'GET', 'guarded', 60, minutes(-2)), host());
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied']);
  });

  check('a URL for GET does not write, nor reach another key, nor live longer than signed', async () => {
    const path = presign(store, 'GET', 'guarded', 60);
    const put = await send(store, 'PUT', path, { ...host(), 'content-length': '1' }, Buffer.from('x'));
    const other = await send(store, 'GET', path.replace('/guarded', '/other'), host());
    const longer = await send(store, 'GET', path.replace('Expires=60', 'Expires=600'), host());
    expect([put.code, other.code, longer.code]).toEqual(Array(3).fill('SignatureDoesNotMatch'));
  });
});

// The contract of a key service, checked for the key file and for the KMS client with a signed double.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  fileMasterKey,
  kmsMasterKey,
  localMasterKey,
  type MasterKey,
  readWrapped,
  withOlderMasters,
} from '@cardseal/sealing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KmsDouble, startKmsDouble } from '../../../infra/dev/kms/index.ts';

const region = 'eu-test-1';
const credentials = { accessKeyId: 'KMSCONTRACT', secretAccessKey: 'kms-contract-secret' };
const context = { tenant: 'bank', object: 'tenant-key.1' };

let dataDir: string;
let double: KmsDouble;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-kms-'));
  double = await startKmsDouble({
    dataDir,
    port: 0,
    region,
    aliases: ['alias/one', 'alias/two'],
    credentials: [credentials],
  });
});
afterAll(async () => {
  await double.stop();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(() => double.set({ trouble: null, delay_ms: 0 }));

const kms = (keyIds: string | [string, ...string[]], change: object = {}) =>
  kmsMasterKey({
    keyIds: typeof keyIds === 'string' ? [keyIds] : keyIds,
    region,
    endpoint: double.url,
    credentials,
    deadlineMs: 1500,
    ...change,
  });
const [fileOne, fileTwo] = [randomBytes(32), randomBytes(32)];

/** Two master keys of a kind, and a service that knows both and wraps with the second. */
const services: { name: string; make: () => { one: MasterKey; two: MasterKey } }[] = [
  {
    name: 'key file',
    make: () => ({ one: localMasterKey(fileOne), two: localMasterKey(Buffer.concat([fileTwo, fileOne])) }),
  },
  { name: 'KMS', make: () => ({ one: kms('alias/one'), two: kms(['alias/two', 'alias/one']) }) },
];

describe.each(services)('key service: $name', ({ make }) => {
  it('creates different keys and unwraps each', async () => {
    const { one } = make();
    const [made, other] = [await one.make(context), await one.make(context)];
    expect(made.key).toHaveLength(32);
    expect(made.key).not.toEqual(other.key);
    expect(await one.unwrap(context, made.wrapped)).toEqual(made.key);
    expect(made.wrapped.includes(made.key)).toBe(false);
  });

  it('wraps a given key', async () => {
    const { one } = make();
    const key = randomBytes(32);
    expect(await one.unwrap(context, await one.wrap(context, key))).toEqual(key);
  });

  it.each([{ tenant: 'thief' }, { object: 'tenant-key.2' }])('unwraps for no other %o', async (other) => {
    const { one } = make();
    const { wrapped } = await one.make(context);
    await expect(one.unwrap({ ...context, ...other }, wrapped)).rejects.toMatchObject({ code: 'seal_broken' });
  });

  it('unwraps nothing that was changed', async () => {
    const { one } = make();
    const { wrapped } = await one.make(context);
    wrapped[wrapped.length - 1]! ^= 1;
    await expect(one.unwrap(context, wrapped)).rejects.toMatchObject({ disposition: 'defect', code: 'seal_broken' });
  });

  it('names the master key of a wrapped key and unwraps keys of an earlier master', async () => {
    const { one, two } = make();
    const { key, wrapped } = await one.make(context);
    expect(readWrapped(wrapped).name).toBe(await one.identify());
    expect(await two.identify()).not.toBe(await one.identify());
    expect(await two.unwrap(context, wrapped)).toEqual(key);
    const again = await two.wrap(context, key);
    expect(readWrapped(again).name).toBe(await two.identify());
    expect(await two.unwrap(context, again)).toEqual(key);
  });
});

describe('key file', () => {
  it('waits for a key that is still missing and uses it without a restart', async () => {
    let bytes = fileOne;
    const mine = fileMasterKey(() => Buffer.from(bytes));
    const { key, wrapped } = await localMasterKey(fileTwo).make(context);
    await expect(mine.unwrap(context, wrapped)).rejects.toMatchObject({
      disposition: 'throttled',
      code: 'key_service_unknown_key',
    });
    bytes = Buffer.concat([fileOne, fileTwo]);
    expect(await mine.unwrap(context, wrapped)).toEqual(key);
  });
});

it('a key file overwrites every copy of the master keys after each use', async () => {
  const given: Buffer[] = [];
  const master = fileMasterKey(() => {
    given.push(Buffer.concat([fileTwo, fileOne]));
    return given.at(-1)!;
  });
  const { key, wrapped } = await master.make(context);
  await master.wrap(context, key);
  await master.unwrap(context, wrapped);
  await master.identify();
  await expect(master.unwrap({ ...context, tenant: 'thief' }, wrapped)).rejects.toThrow('seal_broken');
  expect(given).toEqual(Array.from({ length: 5 }, () => Buffer.alloc(64)));
});

describe('KMS', () => {
  const idOf = async (alias: string) =>
    readWrapped((await kms(alias).make(context)).wrapped)
      .name.split('/')
      .at(-1)!;

  it('unwraps only with configured keys, whatever key a wrapped key names', async () => {
    const [one, two] = [await idOf('alias/one'), await idOf('alias/two')];
    const { key, wrapped } = await kms('alias/two').make(context);
    const unknown = { disposition: 'throttled', code: 'key_service_unknown_key' };
    for (const other of ['alias/one', one]) {
      await expect(kms(other).unwrap(context, wrapped)).rejects.toMatchObject(unknown);
    }
    const arn = readWrapped(wrapped).name.slice('kms:'.length);
    const configured: [string, ...string[]][] = [
      [two],
      [arn],
      ['alias/two'],
      ['alias/one', two],
      ['alias/one', 'alias/two'],
      [one, 'alias/two'],
    ];
    for (const ids of configured) expect(await kms(ids).unwrap(context, wrapped)).toEqual(key);
    // A forged name does not make the service use another key.
    const { payload } = readWrapped(wrapped);
    const name = Buffer.from(`kms:arn:aws:kms:${region}:000000000000:key/${one}`);
    const forged = Buffer.concat([Buffer.of(0x4d, name.length), name, payload]);
    await expect(kms(one).unwrap(context, forged)).rejects.toMatchObject({ code: 'seal_broken' });
  });

  it('tries the other aliases before it reports that one is disabled', async () => {
    const { key, wrapped } = await kms('alias/two').make(context);
    double.set({ disabled: { key_id: 'alias/one', value: true } });
    expect(await kms(['alias/one', 'alias/two']).unwrap(context, wrapped)).toEqual(key);
    double.set({ disabled: { key_id: 'alias/one', value: false } });
  });

  it.each(['away', 'hang'] as const)('callers wait when the service is unavailable: %s', async (trouble) => {
    const master = kms('alias/one');
    const { key, wrapped } = await master.make(context);
    double.set({ trouble });
    await expect(master.unwrap(context, wrapped)).rejects.toMatchObject({
      disposition: 'throttled',
      code: 'key_service_unavailable',
    });
    double.set({ trouble: null });
    expect(await master.unwrap(context, wrapped)).toEqual(key);
  });

  it('callers wait longer when the service refuses: by policy, by a disabled key or by a wrong secret', async () => {
    const master = kms('alias/one');
    const { wrapped } = await master.make(context);
    const denied = { disposition: 'throttled', code: 'key_service_denied' };
    double.set({ trouble: 'denied' });
    await expect(master.unwrap(context, wrapped)).rejects.toMatchObject(denied);
    double.set({ trouble: null, disabled: { key_id: 'alias/one', value: true } });
    await expect(master.unwrap(context, wrapped)).rejects.toMatchObject(denied);
    double.set({ disabled: { key_id: 'alias/one', value: false } });
    const stranger = kms('alias/one', { credentials: { ...credentials, secretAccessKey: 'wrong' } });
    await expect(stranger.unwrap(context, wrapped)).rejects.toMatchObject(denied);
    await expect(kms('alias/none').make(context)).rejects.toMatchObject(denied);
  });

  it('replaces a key file, whose keys can still be opened', async () => {
    const file = localMasterKey(fileOne);
    const { key, wrapped } = await file.make(context);
    const moving = withOlderMasters(kms('alias/one'), [{ kind: 'file', master: file }]);
    expect(await moving.unwrap(context, wrapped)).toEqual(key);
    const again = await moving.wrap(context, key);
    expect(readWrapped(again).name).toMatch(/^kms:arn:/);
    expect(await moving.unwrap(context, again)).toEqual(key);
  });
});

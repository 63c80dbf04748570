import { expect, it, vi } from 'vitest';
import { checkSettings, configCheckCommand } from './check.ts';

const env = {
  REDIS_URL: 'redis://redis',
  S3_REGION: 'x',
  API_PORT: 'many',
  KMS_KEY_ID: 'alias/x',
  CARDSEAL_ENV: 'dev',
};

it('lists each problem once, with the roles that have it', () => {
  expect(checkSettings(env, ['api', 'worker', 'admin'])).toEqual([
    { setting: 'S3_BUCKET', problem: 'is missing; it must be text', roles: ['api', 'worker', 'admin'] },
    { setting: 'API_PORT', problem: 'must be a number', roles: ['api'] },
    {
      setting: 'BAIDU_CREDENTIALS_FILE',
      problem: 'is missing; a worker that recognizes needs it',
      roles: ['worker'],
    },
  ]);
});

it('prints text or JSON, and sets the exit code', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const exitCode = process.exitCode;
  const output = (role: 'api' | 'admin', json: boolean) => {
    written.mockClear();
    process.exitCode = 0;
    configCheckCommand({ ...env, S3_BUCKET: 'cards' }, { role: [role], json });
    return [process.exitCode, String(written.mock.calls[0]?.[0])];
  };
  try {
    expect(output('admin', false)).toEqual([0, 'no problems in the settings of admin\n']);
    expect(output('api', false)).toEqual([1, '1 problem in the settings:\n  - API_PORT: must be a number\n']);
    const [code, text] = output('api', true);
    expect(code).toBe(1);
    expect(JSON.parse(String(text))).toMatchObject({ ok: false, problems: [{ setting: 'API_PORT' }] });
  } finally {
    process.exitCode = exitCode;
    written.mockRestore();
  }
});

import { expect, it, vi } from 'vitest';
import { checkSettings, configCheckCommand } from './config-check.ts';

const env = {
  REDIS_URL: 'redis://redis',
  S3_REGION: 'x',
  API_PORT: 'many',
  KMS_KEY_ID: 'alias/x',
  CARDSEAL_ENV: 'dev',
};

it('names every problem once, with the roles that have it', () => {
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

it('prints them for people and for programs, and sets the exit code', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const exitCode = process.exitCode;
  const said = (role: 'api' | 'admin', json: boolean) => {
    written.mockClear();
    process.exitCode = 0;
    configCheckCommand({ ...env, S3_BUCKET: 'cards' }, { role: [role], json });
    return [process.exitCode, String(written.mock.calls[0]?.[0])];
  };
  try {
    expect(said('admin', false)).toEqual([0, 'the settings can be used by admin\n']);
    expect(said('api', false)).toEqual([1, '1 problem in the settings:\n  - API_PORT: must be a number\n']);
    const [code, text] = said('api', true);
    expect(code).toBe(1);
    expect(JSON.parse(String(text))).toMatchObject({ ok: false, problems: [{ setting: 'API_PORT' }] });
  } finally {
    process.exitCode = exitCode;
    written.mockRestore();
  }
});

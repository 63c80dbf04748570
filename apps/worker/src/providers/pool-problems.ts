/** Checks the files that recognition needs, so that a start reports their problems together with all others. */

import { ConfigurationError, problemsFrom, readFileOf } from '@cardseal/core/config';
import { parseKeyWrapperSetting, rsaKeyWrapper } from '@cardseal/providers/baidu';
import { type Credential, readCredentials } from './credentials.ts';

export interface PoolSettings {
  BAIDU_CREDENTIALS_FILE?: string | undefined;
  BAIDU_KEY_WRAPPER?: string | undefined;
}

/** The problems of the pool file and of the key wrapper that its credentials use. */
export function poolProblems({ BAIDU_CREDENTIALS_FILE, BAIDU_KEY_WRAPPER }: PoolSettings): string[] {
  let pool: Credential[] = [];
  const own = problemsFrom(() => {
    if (BAIDU_CREDENTIALS_FILE !== undefined) pool = readCredentials(BAIDU_CREDENTIALS_FILE);
  });
  return [...own, ...problemsFrom(() => checkKeyWrapper(BAIDU_KEY_WRAPPER, pool))];
}

function checkKeyWrapper(text: string | undefined, pool: readonly Credential[]): void {
  if (text === undefined) {
    const needs = pool.find(({ provider }) => provider === 'baidu-idcard-enc');
    if (!needs) return;
    throw new ConfigurationError([
      `BAIDU_KEY_WRAPPER: is missing; the credential ${needs.id} of baidu-idcard-enc needs it`,
    ]);
  }
  const setting = parseKeyWrapperSetting(text);
  if (setting.kind === 'rsa') readRsaKeyWrapper(setting.file);
}

/** @throws ConfigurationError that names the file. */
export function readRsaKeyWrapper(file: string): ReturnType<typeof rsaKeyWrapper> {
  const pem = readFileOf('BAIDU_KEY_WRAPPER', file);
  try {
    return rsaKeyWrapper(pem);
  } catch {
    throw new ConfigurationError([`BAIDU_KEY_WRAPPER: the file ${file} holds no RSA public key in PEM`]);
  }
}

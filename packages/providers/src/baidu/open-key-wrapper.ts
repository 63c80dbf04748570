/** Creates the key wrapper of the setting `BAIDU_KEY_WRAPPER`; for startup only. */
import { readFile } from 'node:fs/promises';
import { DefectError } from '@cardseal/base/errors';
import { type CommandKeyWrapperOptions, commandKeyWrapper } from './command-key-wrapper.ts';
import { type KeyWrapper, parseKeyWrapperSetting, rsaKeyWrapper } from './key-wrapper.ts';

/**
 * @param options limits and events of a command; ignored for `rsa:`.
 * @throws DefectError `key_wrapper_setting_invalid`, `key_wrapper_file_unreadable`, `key_wrapper_public_key_invalid`.
 */
export async function openKeyWrapper(
  setting: string,
  options: Omit<CommandKeyWrapperOptions, 'command' | 'args'> = {},
): Promise<KeyWrapper> {
  const parsed = parseKeyWrapperSetting(setting);
  if (parsed.kind === 'command') {
    return commandKeyWrapper({ ...options, command: parsed.command, args: parsed.args });
  }
  const pem = await readFile(parsed.file).catch((cause) => {
    throw new DefectError('key_wrapper_file_unreadable', { cause });
  });
  return rsaKeyWrapper(pem);
}

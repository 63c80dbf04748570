import { expect, it } from 'vitest';
import { readStoredReply } from './index.ts';

const reply = Buffer.from(JSON.stringify({ image_status: 'normal', words_result: { 姓名: { words: '样本' } } }));

it.each(['baidu-idcard-enc', 'baidu-idcard-aes'])('reads a stored reply of %s', (provider) => {
  const reading = readStoredReply(reply, { declaredSide: 'front', provider, logId: '7' });
  expect(reading).toMatchObject({ provider, log_id: '7', card: { name: '样本' } });
});

it.each(['unknown', 'constructor', '__proto__'])('throws a defect for the provider %s', (provider) => {
  expect(() => readStoredReply(reply, { declaredSide: 'front', provider })).toThrow(
    expect.objectContaining({ code: 'provider_unknown', disposition: 'defect' }),
  );
});

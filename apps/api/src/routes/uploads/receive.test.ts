import { Readable } from 'node:stream';
import type { UploadWriter } from '@cardseal/core/ledger';
import { describe, expect, it } from 'vitest';
import { receiveUpload } from './receive.ts';

const MIB = 1024 * 1024;

/** A writer that records its calls. */
function remembering(): UploadWriter & { told: string[] } {
  const told: string[] = [];
  const tell = (what: string) => void told.push(what);
  return {
    told,
    write: async ({ length }) => tell(`write ${length}`),
    complete: async () => {
      tell('complete');
      return true;
    },
    abandon: async () => tell('abandon'),
  };
}
const body = (...lengths: number[]) => Readable.from(lengths.map((length) => Buffer.alloc(length)));

describe('the body of an upload', () => {
  it('is written a chunk at a time, and then completed', async () => {
    const writer = remembering();
    await receiveUpload(body(MIB, MIB, 5), writer, 2 * MIB + 5);
    expect(writer.told).toEqual([`write ${MIB}`, `write ${MIB}`, 'write 5', 'complete']);
  });

  it.each([
    ['shorter', MIB + 1],
    ['longer', MIB - 1],
  ])('that is %s than it was signed for leaves nothing', async (_what, sizeBytes) => {
    const writer = remembering();
    await expect(receiveUpload(body(MIB), writer, sizeBytes)).rejects.toMatchObject({ code: 'upload_refused' });
    expect(writer.told.at(-1)).toBe('abandon');
    expect(writer.told).not.toContain('complete');
  });

  it('that ends half-way leaves nothing', async () => {
    const writer = remembering();
    const cut = Readable.from(
      (async function* () {
        yield Buffer.alloc(MIB);
        throw new Error('the connection is gone');
      })(),
    );
    await expect(receiveUpload(cut, writer, 2 * MIB)).rejects.toThrow('gone');
    expect(writer.told).toEqual([`write ${MIB}`, 'abandon']);
  });
});

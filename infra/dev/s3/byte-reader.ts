// Reads lines and counted bytes from a stream of buffers. It copies only across buffer boundaries. An early end is always an error.
import { S3Error } from './s3-error.ts';

const empty = Buffer.alloc(0);

export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #pending: Buffer = empty;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** A line without its CRLF, of at most `limit` bytes. */
  async line(limit: number): Promise<string> {
    for (;;) {
      const end = this.#pending.indexOf('\r\n');
      if (end > limit || (end === -1 && this.#pending.length > limit + 1)) throw new S3Error('InvalidRequest');
      if (end !== -1) {
        const line = this.#pending.toString('latin1', 0, end);
        this.#pending = this.#pending.subarray(end + 2);
        return line;
      }
      if (!(await this.#more())) throw new S3Error('IncompleteBody');
    }
  }

  /** Between 1 and `limit` bytes, as they arrive. */
  async take(limit: number): Promise<Buffer> {
    if (this.#pending.length === 0 && !(await this.#more())) throw new S3Error('IncompleteBody');
    const piece = this.#pending.subarray(0, limit);
    this.#pending = this.#pending.subarray(piece.length);
    return piece;
  }

  /** Everything up to the end, of at most `limit` bytes. */
  async rest(limit: number): Promise<string> {
    while (await this.#more()) if (this.#pending.length > limit) throw new S3Error('InvalidRequest');
    return this.#pending.toString('latin1');
  }

  /** Releases the source. Another reader may then read the rest of it. */
  async release(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#source.next();
    if (done) return false;
    this.#pending = this.#pending.length === 0 ? value : Buffer.concat([this.#pending, value]);
    return true;
  }
}

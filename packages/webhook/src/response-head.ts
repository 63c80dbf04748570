/**
 * Parses the head of an HTTP/1.1 response: status line and header lines. It accepts every head whose status line is
 * well formed, because the status line alone decides what a webhook attempt came to. Pure.
 */

export interface ResponseHead {
  status: number;
  framing: Framing;
  /** Whether the receiver lets the connection carry another request, as far as the head says. */
  keepAlive: boolean;
  /** Seconds of the `Keep-Alive` header: how long the receiver keeps an idle connection. */
  keepAliveS?: number;
  retryAfter?: string;
}

/** How the end of the body is found. `conflict`: the length headers contradict each other, so it is unknown. */
type Framing =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  | { kind: 'until_close' }
  | { kind: 'conflict' };

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?:[ \t].*)?$/;
/** One way to match each line, so that no line makes the expression backtrack: the receiver chooses these bytes. */
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)$/;
const LENGTH = /^\d{1,15}$/;

/** null when the first line is no status line of HTTP/1. */
export function parseHead(text: string): ResponseHead | null {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const [, minor, status] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) return null;
  const headers = new Map<string, string[]>();
  let isOdd = false;
  for (const line of lines) {
    const [, name, value = ''] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined) {
      isOdd = true;
      continue;
    }
    const key = name.toLowerCase();
    const values = headers.get(key);
    if (values) values.push(value.trim());
    else headers.set(key, [value.trim()]);
  }
  const listed = (name: string) => (headers.get(name) ?? []).flatMap((value) => value.split(',')).map(trimmed);
  const framing = framingOf(Number(status), listed('content-length'), listed('transfer-encoding'));
  const connection = listed('connection');
  const asksToKeep = minor === '1' ? !connection.includes('close') : connection.includes('keep-alive');
  const keepAliveS = /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(headers.get('keep-alive')?.join(',') ?? '')?.[1];
  const retryAfter = headers.get('retry-after')?.[0];
  return {
    status: Number(status),
    framing,
    // After anything unusual the next response could be read from the wrong byte.
    keepAlive: asksToKeep && !isOdd && endIsCertain(framing, headers),
    ...(keepAliveS !== undefined && { keepAliveS: Number(keepAliveS) }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

function trimmed(text: string): string {
  return text.trim().toLowerCase();
}

function framingOf(status: number, lengths: readonly string[], codings: readonly string[]): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: 'none' };
  if (codings.length > 0) return { kind: codings.at(-1) === 'chunked' ? 'chunked' : 'until_close' };
  if (lengths.length === 0) return { kind: 'until_close' };
  const [length = ''] = lengths;
  const isAgreed = LENGTH.test(length) && lengths.every((other) => other === length);
  return isAgreed ? { kind: 'length', bytes: Number(length) } : { kind: 'conflict' };
}

function endIsCertain(framing: Framing, headers: ReadonlyMap<string, readonly string[]>): boolean {
  const lengths = headers.get('content-length') ?? [];
  const codings = headers.get('transfer-encoding') ?? [];
  if (lengths.length > 1 || codings.length > 1 || (lengths.length > 0 && codings.length > 0)) return false;
  if (framing.kind === 'none') return codings.length === 0 && (lengths[0] ?? '0') === '0';
  return framing.kind === 'length' || framing.kind === 'chunked';
}

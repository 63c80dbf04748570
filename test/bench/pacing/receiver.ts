/**
 * The provider of the pacing bench in its own process. It counts a call when its headers arrive, refuses calls above
 * the limit with code 18, and responds after a random latency. It shares no code with the pacers.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ReceiverOrder {
  limit: number;
  window: 'fixed' | 'sliding';
  /** Forgets all arrivals. */
  reset?: boolean;
}

/** One call: arrival in epoch ms, whether it was accepted, and its slot if the caller named one. */
export type Arrival = [atMs: number, accepted: 0 | 1, slotMs: number];

const nowMs = () => performance.timeOrigin + performance.now();

let limit = 10;
let window: ReceiverOrder['window'] = 'sliding';
let arrivals: Arrival[] = [];
let counted: number[] = [];

function accepts(atMs: number): boolean {
  const fromMs = window === 'fixed' ? Math.floor(atMs / 1000) * 1000 : atMs - 1000;
  while (counted.length > 0 && (window === 'fixed' ? counted[0]! < fromMs : counted[0]! <= fromMs)) counted.shift();
  if (counted.length >= limit) return false;
  counted.push(atMs);
  return true;
}

/** Log-normal: 300 ms at the median, 1 s at the 99th percentile. */
function latencyMs(): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return 300 * Math.exp(0.5176 * normal);
}

function take(request: IncomingMessage, response: ServerResponse): void {
  const atMs = nowMs();
  const accepted = accepts(atMs);
  arrivals.push([atMs, accepted ? 1 : 0, Number(request.headers['x-slot'] ?? 0)]);
  request.resume();
  const answer = accepted
    ? '{"log_id":1,"words_result":{}}'
    : '{"log_id":1,"error_code":18,"error_msg":"Open api qps request limit reached"}';
  setTimeout(() => response.end(answer), latencyMs());
}

const server = createServer(take);
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});

process.on('message', (order: ReceiverOrder | 'report') => {
  if (order === 'report') {
    process.send?.({ arrivals });
    return;
  }
  limit = order.limit;
  window = order.window;
  if (order.reset) {
    arrivals = [];
    counted = [];
  }
});
process.on('disconnect', () => process.exit(0));

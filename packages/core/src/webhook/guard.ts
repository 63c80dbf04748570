/**
 * Stands between us and every address a customer names: deliveries, test events, replays, key-set fetches. Each new
 * connection resolves the name once, judges every answer, and dials an address that was judged, so that no later DNS
 * answer matters. It must never let a name be resolved again after the judgement.
 */
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { CardsealError, DefectError } from '../errors/index.ts';
import { cidrRanges, isPublicAddress } from './address.ts';
import { ReceiverFailure } from './outcome.ts';
import { type Resolve, systemResolve, wireResolve } from './resolve.ts';
import { readTarget, type Target, targetRefused } from './target.ts';

export interface TargetGuardOptions {
  /** Comma-separated CIDR ranges that are allowed although not public, on any port and by http. Development only. */
  allowTargets: string;
  production: boolean;
  /** Ports besides 443. */
  allowPorts?: readonly number[];
  resolve?: Resolve;
  /** Further certificate authorities (PEM), for targets with a private one. */
  ca?: string | Buffer;
  /** Opens the connection once the address is judged; undici's own unless a test counts calls. */
  dial?: buildConnector.connector;
}

export interface TargetGuard {
  /**
   * The parsed target, if nothing in its text forbids it.
   * @throws RejectedError `webhook_target_refused`; show it as "target not allowed" and nothing more.
   */
  checkUrl(url: string): URL;
  /**
   * In the form of undici's `connect` option. Fails with the same RejectedError when an address is not allowed, and
   * with a ReceiverFailure that names the stage for everything that a lookup, a connection or a handshake reports.
   */
  connector: buildConnector.connector;
}

/** Candidates dialled in turn: enough for one dead address family, few enough for the deadline. */
const MAX_DIALLED = 4;
/** A name with more answers than this is not a host but an attack on the checker. */
const MAX_ANSWERS = 64;
const CONNECT_TIMEOUT_MS = 10_000;
/** Given to an address while others are left. */
const FIRST_CONNECT_TIMEOUT_MS = 3_000;

/** @throws DefectError `webhook_allow_targets_in_production` or `cidr_invalid`, at start. */
export function createTargetGuard(options: TargetGuardOptions): TargetGuard {
  const cidrs = options.allowTargets.split(',').flatMap((cidr) => cidr.trim() || []);
  if (options.production && cidrs.length > 0) throw new DefectError('webhook_allow_targets_in_production');
  const allowed = cidrRanges(cidrs);
  const ports = new Set([443, ...(options.allowPorts ?? [])]);
  const resolve = options.resolve ?? (allowed.empty ? wireResolve() : systemResolve);
  const dial = dialler(options);

  /** A target that breaks a rule must lie in the allowed ranges altogether; any other may also be public. */
  const isAllowed = (address: string, target: Target) =>
    allowed.has(address) || (target.breaks === undefined && isPublicAddress(address));

  const check = (text: string): Target => {
    const target = readTarget(text, ports);
    if (target.literal && !isAllowed(target.host, target)) throw targetRefused(target.breaks ?? 'address');
    if (target.breaks && allowed.empty) throw targetRefused(target.breaks);
    return target;
  };

  const addressesOf = async (target: Target): Promise<string[]> => {
    const answers = target.literal ? [target.host] : await resolve(target.host).catch(lookupFailed);
    if (answers.length === 0 || answers.length > MAX_ANSWERS) throw targetRefused('address');
    // One bad answer refuses the name: a mixed set is how a rebinding attack looks half of the time.
    for (const address of answers) {
      if (isIP(address) === 0 || !isAllowed(address, target)) throw targetRefused(target.breaks ?? 'address');
    }
    return [...new Set(answers)].slice(0, MAX_DIALLED);
  };

  const connect = async (request: buildConnector.Options) => {
    const target = check(originOf(request));
    const addresses = await addressesOf(target);
    const servername = target.literal ? undefined : target.host;
    return dialInTurn(dial, addresses, { ...request, port: String(target.port), ...(servername && { servername }) });
  };

  return {
    checkUrl: (text) => check(text).url,
    connector: (request, callback) => {
      connect(request).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  };
}

type Dial = (request: buildConnector.Options, hurry: boolean) => ReturnType<typeof dialOnce>;

function dialler({ dial, ca }: TargetGuardOptions): Dial {
  if (dial) return (request) => dialOnce(dial, request);
  const build = (timeout: number) => buildConnector({ allowH2: false, timeout, ...(ca && { ca }) });
  const patient = build(CONNECT_TIMEOUT_MS);
  const hasty = build(FIRST_CONNECT_TIMEOUT_MS);
  return (request, hurry) => dialOnce(hurry ? hasty : patient, request);
}

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>;

function dialOnce(dial: buildConnector.connector, request: buildConnector.Options): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // On an open connection, such as a tunnel, only the handshake is left.
    let stage: 'connect' | 'tls' = request.httpSocket ? 'tls' : 'connect';
    // undici returns the socket before it is connected; its types leave that out.
    const opening: unknown = dial(request, (error: Error | null, socket: Socket | null) =>
      socket ? resolve(socket) : reject(new ReceiverFailure(stage, { cause: error })),
    );
    if (opening instanceof TLSSocket) {
      opening.once('connect', () => {
        stage = 'tls';
      });
    }
  });
}

/** Errors that the resolver itself classified are its own faults and stay what they are. */
function lookupFailed(error: unknown): never {
  throw error instanceof CardsealError ? error : new ReceiverFailure('resolve', { cause: error });
}

async function dialInTurn(dial: Dial, addresses: readonly string[], request: buildConnector.Options): Promise<Socket> {
  let failure: unknown = new DefectError('webhook_nothing_to_dial');
  for (const [index, address] of addresses.entries()) {
    try {
      // Over http a servername would make undici dial the name instead; there it has no use.
      const { servername, ...plain } = request;
      const where = request.protocol === 'https:' && servername ? { ...plain, servername } : plain;
      return await dial({ ...where, hostname: address }, index < addresses.length - 1);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function originOf({ protocol, hostname, port }: buildConnector.Options): string {
  const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
  return `${protocol}//${host}${port ? `:${port}` : ''}`;
}

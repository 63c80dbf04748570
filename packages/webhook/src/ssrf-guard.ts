/**
 * Checks every address that a customer names: deliveries, test events, replays, key-set fetches. Each new connection
 * resolves the name once, checks every answer, and dials an address that was checked, so that no later DNS answer
 * matters. It must never let a name be resolved again after the check.
 */
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, TLSSocket } from 'node:tls';
import { noProxy, ProxyError, type ProxyFor, tunnelConnector } from '@cardseal/base/egress';
import { CardsealError, DefectError, TransientError } from '@cardseal/base/errors';
import { buildConnector } from 'undici';
import { isLoopbackAddress, isPublicAddress, isUnreachableAddress } from './address.ts';
import { ReceiverFailure } from './classify-response.ts';
import { type Resolve, systemResolve, wireResolve } from './resolve.ts';
import { readTarget, type Target, targetRefused } from './target.ts';
import { splitTargets, type TargetList, targetList, targetListProblems } from './target-list.ts';

export interface TargetGuardOptions {
  /**
   * The installation's list, with commas: CIDR ranges, `host`, `host:port`. A tenant reaches a private target only
   * when its own list covers the target too; outside production the loopback needs the installation's list alone.
   */
  allowTargets: string;
  production: boolean;
  /** Ports besides 443. */
  allowPorts?: readonly number[];
  resolve?: Resolve;
  tls?: TargetTls;
  /**
   * Which proxy leads to a target; none unless given. The proxy resolves the name, so that the guard checks names and
   * literal addresses only. The worker keeps no response that comes through one.
   */
  proxyFor?: ProxyFor;
  /** Opens the connection once the address is checked; undici's own unless a test counts calls. */
  dial?: buildConnector.connector;
}

/** PEM. The authorities are trusted in addition to the usual ones; a receiver that requests a certificate gets ours. */
export interface TargetTls {
  ca?: string | Buffer | undefined;
  cert?: string | Buffer | undefined;
  key?: string | Buffer | undefined;
}

export interface TargetGuard {
  /** Differs between guards whose connections must not be shared. */
  readonly key: string;
  /**
   * The parsed target, if nothing in its text forbids it.
   * @throws RejectedError `webhook_target_refused`; `fields.rule` says which rule, and names no address.
   */
  checkUrl(url: string): URL;
  /**
   * In the form of undici's `connect` option. Fails with the same RejectedError when an address is not allowed, and
   * with a ReceiverFailure that names the stage for everything that a lookup, a connection or a handshake reports.
   */
  connector: buildConnector.connector;
  /** The same; calls back before it dials an address that is not public: its responses must not be kept. */
  connectorWith(onPrivate: () => void): buildConnector.connector;
  /** The guard with the private targets of one tenant's list. */
  forTenant(targets: readonly string[] | undefined): TargetGuard;
}

/** Candidates dialled in turn: enough for one dead address family, few enough for the deadline. */
const MAX_DIALLED = 4;
/** A name with more answers than this is not a host but an attack on the checker. */
const MAX_ANSWERS = 64;
const CONNECT_TIMEOUT_MS = 10_000;
/** Given to an address while others are left. */
const FIRST_CONNECT_TIMEOUT_MS = 3_000;

/** @throws DefectError `webhook_target_entry_invalid`, at start. */
export function createTargetGuard(options: TargetGuardOptions): TargetGuard {
  const entries = splitTargets(options.allowTargets);
  if (targetListProblems(entries, options.production).length > 0) throw new DefectError('webhook_target_entry_invalid');
  const installation = targetList(entries);
  const dial = dialler(options);
  const parts = { options, installation, dial, resolve: resolver(options, installation), tunnels: new Map() };
  const base = tenantGuard(parts, []);
  return {
    ...base,
    forTenant: (targets) => (targets && targets.length > 0 ? tenantGuard(parts, targets) : base),
  };
}

interface GuardParts {
  options: TargetGuardOptions;
  installation: TargetList;
  dial: Dial;
  resolve: (target: Target) => Promise<string[]>;
  tunnels: Map<string, buildConnector.connector>;
}

function tenantGuard(parts: GuardParts, targets: readonly string[]): TargetGuard {
  const { options, installation, dial, resolve } = parts;
  const { production, proxyFor = noProxy } = options;
  const tenant = targetList(targets);
  const ports = new Set([443, ...(options.allowPorts ?? [])]);
  const isOpen = (address: string) => isPublicAddress(address) || (!production && isLoopbackAddress(address));

  /** Whether the target may be reached on this address. */
  const mayDial = (target: Target, address: string): boolean => {
    const { host, port, breaks } = target;
    if (production && isUnreachableAddress(address)) return false;
    if (breaks === undefined && isPublicAddress(address)) return true;
    if (!installation.covers(host, port, address)) return false;
    // The operator may open a port of a public host for all tenants.
    if (breaks === 'port' && isPublicAddress(address)) return true;
    return (!production && isLoopbackAddress(address)) || tenant.covers(host, port, address);
  };

  /** Whether any address could allow the target. */
  const mayResolve = ({ host, port, breaks }: Target): boolean =>
    breaks === undefined ||
    (installation.mayCover(host, port) && (!production || breaks === 'port' || tenant.mayCover(host, port)));

  const check = (text: string): Target => {
    const target = readTarget(text, ports);
    if (production && target.breaks === 'scheme') throw targetRefused('scheme');
    const allowed = target.literal ? mayDial(target, target.host) : mayResolve(target);
    if (!allowed) throw targetRefused(target.breaks ?? 'address');
    return target;
  };

  const addressesOf = async (target: Target): Promise<string[]> => {
    const answers = target.literal ? [target.host] : await resolve(target).catch(lookupFailed);
    if (answers.length === 0 || answers.length > MAX_ANSWERS) throw targetRefused('address');
    // One bad answer refuses the name: a mixed set is how a rebinding attack looks half of the time.
    for (const address of answers) {
      if (isIP(address) === 0 || !mayDial(target, address)) throw targetRefused(target.breaks ?? 'address');
    }
    return [...new Set(answers)].slice(0, MAX_DIALLED);
  };

  const connect = async (request: buildConnector.Options, onPrivate: () => void) => {
    const target = check(originOf(request));
    const proxy = proxyFor(target.url);
    if (proxy) {
      const named = installation.names(target.host, target.port) && tenant.names(target.host, target.port);
      // The address of a name stays unknown here: only a host entry can allow one that is not public.
      if (!target.literal && target.breaks !== undefined && target.breaks !== 'port' && !named)
        throw targetRefused(target.breaks);
      if (target.breaks === 'port' && !installation.names(target.host, target.port) && !target.literal)
        throw targetRefused('port');
      onPrivate();
      return throughProxy(parts, proxy, { ...request, port: String(target.port) });
    }
    const addresses = await addressesOf(target);
    if (!addresses.every(isOpen)) onPrivate();
    const servername = target.literal ? undefined : target.host;
    return dialInTurn(dial, addresses, { ...request, port: String(target.port), ...(servername && { servername }) });
  };

  const connectorWith =
    (onPrivate: () => void): buildConnector.connector =>
    (request, callback) => {
      connect(request, onPrivate).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    };

  return {
    key: targets.toSorted().join(' '),
    checkUrl: (text) => check(text).url,
    connector: connectorWith(() => {}),
    connectorWith,
    forTenant: (others) => tenantGuard(parts, others ?? []),
  };
}

/**
 * In production customers' names go to the name servers directly. The system's resolver, with `/etc/hosts` and search
 * domains, answers for development and for hosts that the operator listed by name.
 */
function resolver(options: TargetGuardOptions, installation: TargetList): GuardParts['resolve'] {
  const { production, resolve } = options;
  if (resolve) return ({ host }) => resolve(host);
  const wire = wireResolve();
  return ({ host, port }) => {
    const bySystem = production ? installation.names(host, port) : !installation.empty;
    return (bySystem ? systemResolve : wire)(host);
  };
}

/** The proxy's own failures spend no attempt; what it says of the target does. */
async function throughProxy({ tunnels, options }: GuardParts, proxy: URL, request: buildConnector.Options) {
  const secureContext = secureContextOf(options.tls);
  const tunnel = tunnels.get(proxy.href) ?? tunnelConnector(proxy, { timeoutMs: CONNECT_TIMEOUT_MS, secureContext });
  tunnels.set(proxy.href, tunnel);
  try {
    return await new Promise<Socket>((resolve, reject) => {
      tunnel(request, (error: Error | null, socket: Socket | null) => (socket ? resolve(socket) : reject(error)));
    });
  } catch (error) {
    if (!(error instanceof ProxyError)) throw new ReceiverFailure('tls', { cause: error });
    if (error.status === 403) throw targetRefused('address');
    if (error.status !== undefined && error.status >= 500) throw new ReceiverFailure('connect', { cause: error });
    throw new TransientError('webhook_proxy_unavailable', { cause: error });
  }
}

type Dial = (request: buildConnector.Options, hurry: boolean) => ReturnType<typeof dialOnce>;

function dialler({ dial, tls = {} }: TargetGuardOptions): Dial {
  if (dial) return (request) => dialOnce(dial, request);
  const secureContext = secureContextOf(tls);
  const context = secureContext && { secureContext };
  const build = (timeout: number) => buildConnector({ allowH2: false, timeout, ...context });
  const patient = build(CONNECT_TIMEOUT_MS);
  const hasty = build(FIRST_CONNECT_TIMEOUT_MS);
  return (request, hurry) => dialOnce(hurry ? hasty : patient, request);
}

/** One context for all connections: reading some 150 authorities takes milliseconds. `ca` replaces the usual ones. */
function secureContextOf({ ca, cert, key }: TargetTls = {}) {
  if (!ca && !cert) return undefined;
  return createSecureContext({
    ...(ca && { ca: [...getCACertificates('default'), ca.toString()] }),
    ...(cert && key && { cert, key }),
  });
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

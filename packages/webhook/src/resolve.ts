/**
 * Resolves names for the guard, in two ways. Neither checks the addresses, and each resolves a name once per connection.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { TransientError } from '@cardseal/base/errors';

/** All addresses of a name, as literals; rejects as `node:dns` does when there are none. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** Codes of a resolver of ours that is away or was stopped; what they say is nothing about the target. */
const OUR_FAULT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECANCELLED', 'ENOTINITIALIZED', 'ENOMEM']);
const NO_SUCH_RECORD: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

/** By the system, `/etc/hosts` and search domains included: what a developer expects of `localhost`. */
export const systemResolve: Resolve = async (hostname) => {
  const answers = await lookup(hostname, { all: true, verbatim: true });
  return answers.map(({ address }) => address);
};

/**
 * By asking the name servers for A and AAAA. `getaddrinfo` would hold one of four threads for as long as a dead name
 * server likes, so that a few dead targets stop all others, and would append the cluster's search domains.
 * @param servers name servers, `host:port`; the system's unless given.
 */
export function wireResolve(servers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers) resolver.setServers([...servers]);
  return async (hostname) => {
    const [v6, v4] = await Promise.allSettled([resolver.resolve6(hostname), resolver.resolve4(hostname)]);
    const answers = [v4, v6].flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (answers.length > 0) return answers;
    throw worst([v4, v6].flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])));
  };
}

/** "No such record" says less than any other failure, so the other one is reported. */
function worst(errors: readonly NodeJS.ErrnoException[]): Error {
  const error = errors.find(({ code }) => !NO_SUCH_RECORD.has(code ?? '')) ?? errors[0];
  if (error && !OUR_FAULT.has(error.code ?? '')) return error;
  return new TransientError('webhook_resolver_unavailable', { cause: error });
}

/**
 * Which proxy a request to the outside takes, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Pure. The loopback never
 * takes one, whatever the settings say.
 */
import { isIP } from 'node:net';
import { noProxy, type ProxyFor } from '@cardseal/base/egress';
import ipaddr from 'ipaddr.js';
import { ConfigurationError } from './environment.ts';

/** Named as in the environment. */
export interface ProxyEnvironment {
  HTTPS_PROXY?: string | undefined;
  HTTP_PROXY?: string | undefined;
  NO_PROXY?: string | undefined;
}

/** @throws ConfigurationError that names the variable and never its value, which may hold a password. */
export function readProxies(env: ProxyEnvironment): ProxyFor {
  const proxies = { 'https:': proxyUrl(env, 'HTTPS_PROXY'), 'http:': proxyUrl(env, 'HTTP_PROXY') };
  if (!proxies['https:'] && !proxies['http:']) return noProxy;
  const exceptions = (env.NO_PROXY ?? '').split(/[\s,]+/).filter(Boolean);
  return (url) => {
    const proxy = proxies[url.protocol as keyof typeof proxies];
    if (!proxy || isLoopback(hostOf(url)) || exceptions.some((exception) => matches(exception, url))) return undefined;
    return proxy;
  };
}

function proxyUrl(env: ProxyEnvironment, name: 'HTTPS_PROXY' | 'HTTP_PROXY'): URL | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url?.hostname && /^https?:$/.test(url.protocol) && canDecode(url)) return url;
  throw new ConfigurationError([`${name}: must be the URL of an HTTP proxy, such as http://proxy.example:3128`]);
}

/** A `%` that encodes nothing is allowed in a URL, but such a user or password cannot be sent. */
function canDecode({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host === 'localhost' || host.endsWith('.localhost');
  return ipaddr.process(host).range() === 'loopback';
}

/** `*`, `host`, `.suffix`, `*.suffix`, an address or a CIDR range; `:port` limits an entry. A host covers those below. */
function matches(exception: string, url: URL): boolean {
  const host = hostOf(url);
  if (exception === '*') return true;
  if (exception.includes('/')) return isInRange(host, exception);
  const [, name = exception, port] = isIP(exception) === 6 ? [] : (/^(.*?)(?::(\d+))?$/.exec(exception) ?? []);
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  const bare = name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function isInRange(host: string, range: string): boolean {
  if (isIP(host) === 0 || !ipaddr.isValidCIDR(range)) return false;
  const [network, bits] = ipaddr.parseCIDR(range);
  const address = ipaddr.process(host);
  return address.kind() === network.kind() && address.match(network, bits);
}

/**
 * Which addresses a customer's target may have. Decides on the canonical text of an address, never on a name; the
 * guard asks it about every address it is about to dial. Pure.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { DefectError } from '@cardseal/base/errors';

/** IANA's special-purpose registry for IPv4, multicast, reserved space, and what clouds put behind public addresses. */
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // shared address space; Alibaba Cloud's metadata lives in it
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local; most clouds' metadata
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments; Oracle Cloud's metadata
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '168.63.129.16/32', // Azure's host: a public number that is answered by the machine below
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** Everything outside is loopback, local, multicast, or a translation prefix that hides an IPv4 address. */
const GLOBAL_V6 = ['2000::/3'];
const REFUSED_V6 = [
  '2001::/23', // protocol assignments: Teredo and ORCHID among them
  '2001:db8::/32',
  '2002::/16', // 6to4: the next 32 bits are an IPv4 address
  '2620:4f:8000::/48',
  '3ffe::/16', // returned test network
  '3fff::/20', // documentation
];

/** ISATAP interface ids, `…:0:5efe:a.b.c.d` and `…:200:5efe:a.b.c.d`, carry an IPv4 address in any prefix. */
const ISATAP = /:(0|200):5efe:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/;

export interface Ranges {
  has(address: string): boolean;
  readonly empty: boolean;
}

/**
 * A set of CIDR ranges. IPv4 and IPv6 are kept apart, because a mixed BlockList lets an IPv4 range match
 * IPv4-mapped IPv6 addresses.
 * @throws DefectError `cidr_invalid` naming the position, for a configuration that cannot be read.
 */
export function cidrRanges(cidrs: readonly string[]): Ranges {
  const v4 = new BlockList();
  const v6 = new BlockList();
  cidrs.forEach((cidr, position) => {
    const [address = '', bits = '', ...rest] = cidr.split('/');
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
    const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (!family || rest.length > 0 || prefix < 0 || prefix > (family === 'ipv4' ? 32 : 128)) {
      throw new DefectError('cidr_invalid', { fields: { position } });
    }
    (family === 'ipv4' ? v4 : v6).addSubnet(address, prefix, family);
  });
  return {
    empty: cidrs.length === 0,
    has(address) {
      if (isIPv4(address)) return v4.check(address, 'ipv4');
      // A scoped address is the same address behind another interface; none of ours is ever scoped.
      return isIPv6(address) && !address.includes('%') && v6.check(address, 'ipv6');
    },
  };
}

const refused = cidrRanges([...REFUSED_V4, ...REFUSED_V6]);
const global = cidrRanges(['0.0.0.0/0', ...GLOBAL_V6]);

/** What organisations use inside their own networks: RFC 1918, shared address space, unique local. */
const privateUse = cidrRanges(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);
const loopback = cidrRanges(['127.0.0.0/8', '::1/128']);

/**
 * Loopback, link-local, metadata and control addresses, multicast and reserved space. No list of an operator opens
 * them in production.
 */
const unreachable = cidrRanges([
  '0.0.0.0/8',
  '100.100.100.200/32', // Alibaba Cloud's metadata
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's host
  '169.254.0.0/16',
  '192.0.0.0/24', // Oracle Cloud's metadata
  '192.88.99.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2002::/16',
  'fd00:ec2::/32', // AWS' metadata, name server and pod identity
  'fd20:ce::/32', // Google Cloud's metadata
]);
/** The IPv6 addresses that can be listed at all. The rest is loopback, link-local, multicast, or hides an IPv4 address. */
const listable6 = cidrRanges(['2000::/3', 'fc00::/7']);

/** Whether a literal address, as `net.isIP` takes it, is one that anyone on the Internet could reach. */
export function isPublicAddress(address: string): boolean {
  return global.has(address) && !refused.has(address) && !isIsatap(address);
}

/** Whether the address belongs to the networks that organisations use inside. */
export function isPrivateUseAddress(address: string): boolean {
  return privateUse.has(address) && !isUnreachableAddress(address);
}

export function isLoopbackAddress(address: string): boolean {
  return loopback.has(address);
}

/** Whether production never connects to this address, whatever a list says. True for a text that is no address. */
export function isUnreachableAddress(address: string): boolean {
  if (!isIPv4(address) && !listable6.has(address)) return true;
  return unreachable.has(address) || isIsatap(address);
}

function isIsatap(address: string): boolean {
  // The URL parser writes any IPv6 literal in one way, without dotted tails and leading zeros.
  if (!isIPv6(address)) return false;
  return ISATAP.test(expand(new URL(`http://[${address}]`).hostname.slice(1, -1)));
}

/** `a::b` with every group written out, since `::` may swallow the zero group before `5efe`. */
function expand(canonical: string): string {
  const [head = '', tail] = canonical.split('::');
  if (tail === undefined) return canonical;
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right].join(':');
}

/**
 * Lists of targets that an operator allows: CIDR ranges, `host` and `host:port`. The installation has one list
 * (`WEBHOOK_ALLOW_TARGETS`) and each tenant has one. Used by the guard and wherever a list is entered. Pure.
 */
import { isIP, isIPv6 } from 'node:net';
import {
  cidrRanges,
  isLoopbackAddress,
  isPrivateUseAddress,
  isPublicAddress,
  isUnreachableAddress,
  type Ranges,
} from './address.ts';
import { isWellFormedName } from './target.ts';

export type TargetEntry =
  | { kind: 'range'; network: string; ranges: Ranges }
  /** Without a port the entry covers every port of the host. */
  | { kind: 'host'; host: string; port: number | undefined };

export interface TargetList {
  readonly empty: boolean;
  /** Whether an entry names this host, or its port too. */
  names(host: string, port: number): boolean;
  /** Whether an entry covers the target on this address. A host entry covers no loopback or special address. */
  covers(host: string, port: number, address: string): boolean;
  /** The same before the address of a name is known: a range may cover every name. */
  mayCover(host: string, port: number): boolean;
}

/** The entry, or `undefined` for a text that is none. */
export function readTargetEntry(text: string): TargetEntry | undefined {
  return text.includes('/') ? rangeEntry(text) : hostEntry(text);
}

function rangeEntry(text: string): TargetEntry | undefined {
  try {
    return { kind: 'range', network: text.split('/')[0] as string, ranges: cidrRanges([text]) };
  } catch {
    return undefined;
  }
}

function hostEntry(text: string): TargetEntry | undefined {
  const [, given, digits] = isIPv6(text)
    ? [text, `[${text}]`]
    : (/^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{1,5}))?$/i.exec(text) ?? []);
  const url = given === undefined ? null : URL.parse(`https://${given}`);
  if (!url) return undefined;
  const host = bare(url.hostname);
  const port = digits === undefined ? undefined : Number(digits);
  if (isIP(host) === 0 && !isWellFormedName(host)) return undefined;
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { kind: 'host', host, port };
}

/** Splits a setting at its commas. */
export function splitTargets(text: string): string[] {
  return text.split(',').flatMap((entry) => entry.trim() || []);
}

/** An entry that cannot be read, such as one that a newer version wrote, opens nothing. */
export function targetList(texts: readonly string[]): TargetList {
  const entries = texts.flatMap((text) => readTargetEntry(text) ?? []);
  const names = (host: string, port: number) => entries.some((entry) => namesTarget(entry, host, port));
  return {
    empty: entries.length === 0,
    names,
    covers: (host, port, address) =>
      entries.some((entry) =>
        entry.kind === 'range'
          ? entry.ranges.has(address)
          : namesTarget(entry, host, port) && (isPublicAddress(address) || isOrdinaryAddress(address)),
      ),
    mayCover: (host, port) => entries.some(({ kind }) => kind === 'range') || names(host, port),
  };
}

/** The guard refuses the loopback in production before it reads a list. */
function isOrdinaryAddress(address: string): boolean {
  return isPrivateUseAddress(address) || isLoopbackAddress(address);
}

function namesTarget(entry: TargetEntry, host: string, port: number): boolean {
  return entry.kind === 'host' && entry.host === host && (entry.port === undefined || entry.port === port);
}

/** The problems of each entry of an installation's list, in plain words. */
export function targetListProblems(texts: readonly string[], production: boolean): string[] {
  return texts.flatMap((text) => {
    const entry = readTargetEntry(text);
    if (!entry) return [`\`${text}\` is not a CIDR range, a host or host:port`];
    if (!production) return [];
    const { kind } = entry;
    const place = kind === 'range' ? entry.network : entry.host;
    const never = isIP(place) === 0 ? /(^|\.)localhost$/.test(place) : isUnreachableAddress(place);
    if (!never) return [];
    return [`\`${text}\` can never be allowed in production: it is loopback, link-local, metadata or reserved`];
  });
}

function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/** Why a gate is closed, in words for people. */
import type { CredentialSnapshot } from '@cardseal/pacer';

const REASONS: Record<string, string> = {
  daily_quota: 'the provider says that today’s quota is used up',
  total_quota: 'the provider says that the whole quota is used up',
  daily_allowance: 'our own allowance for today is used up',
  total_allowance: 'our own allowance in all is used up',
  configuration: 'the provider refuses how it is called (key, permission or cipher)',
  provider_outage: 'the provider is away',
  account_fault: 'the provider refuses every call of this account',
  operator: 'an operator closed it',
};

export function reasonWords(reason: string | undefined): string {
  return REASONS[reason ?? ''] ?? `closed (${reason ?? 'no reason given'})`;
}

/** `until 14:00 UTC` or what else ends it. */
export function endWords({ until, probeAt }: CredentialSnapshot['gate']): string {
  const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (until !== undefined) return `until ${time(until)}`;
  if (probeAt !== undefined) return `one call will try at ${time(probeAt)}`;
  return 'until somebody opens it';
}

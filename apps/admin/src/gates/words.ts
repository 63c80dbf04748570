/** Texts that say why a gate is closed and what ends the closure. */
import type { CredentialSnapshot } from '@cardseal/pacer';

const REASONS: Record<string, string> = {
  daily_quota: 'the provider reports that today’s quota is used up',
  total_quota: 'the provider reports that the whole quota is used up',
  daily_allowance: 'the configured allowance for today is used up',
  total_allowance: 'the configured total allowance is used up',
  configuration: 'the provider refuses the configuration (key, permission or cipher)',
  provider_outage: 'the provider is down',
  account_fault: 'the provider refuses every call of this account',
  operator: 'an operator closed it',
};

export function reasonWords(reason: string | undefined): string {
  return REASONS[reason ?? ''] ?? `closed (${reason ?? 'no reason given'})`;
}

/** `until 2026-01-02 14:00 UTC`, or what else opens the gate. */
export function endWords({ until, probeAt }: CredentialSnapshot['gate']): string {
  const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (until !== undefined) return `until ${time(until)}`;
  if (probeAt !== undefined) return `the next probe call is at ${time(probeAt)}`;
  return 'until an operator opens it';
}

/** Builds the timeline of a job from its generations, deliveries and audit entries. Pure. */
import type { AuditEntry } from '@cardseal/core/ledger/audit';
import { span } from '../pages/words.ts';
import type { OperatorView } from './read.ts';

export interface Moment {
  atMs: number;
  tone: 'good' | 'bad' | 'warn' | 'plain';
  what: string;
}

export function timelineOf(view: OperatorView, audit: readonly AuditEntry[] = []): Moment[] {
  const moments: Moment[] = [{ atMs: view.createdAtMs, tone: 'plain', what: 'accepted' }];
  for (const { generation, state, code, endedAtMs, attempts } of view.generations) {
    for (const attempt of attempts) moments.push(attemptMoment(generation, attempt));
    if (endedAtMs !== null) {
      const tone = state === 'succeeded' ? 'good' : state === 'cancelled' ? 'plain' : 'bad';
      moments.push({ atMs: endedAtMs, tone, what: `generation ${generation} ${state}${code ? `: ${code}` : ''}` });
    }
  }
  for (const { ref, tries } of view.deliveries) {
    for (const line of tries) moments.push(deliveryMoment(ref.generation, ref.endpoint, line));
  }
  for (const { at, who, action, seq } of audit) {
    moments.push({ atMs: Date.parse(at), tone: 'warn', what: `${action} by ${who} (audit ${seq})` });
  }
  if (view.erased)
    moments.push({ atMs: view.erased.erasedAtMs, tone: 'plain', what: `erased (${view.erased.reason})` });
  return moments.sort((a, b) => a.atMs - b.atMs);
}

function attemptMoment(generation: number, attempt: OperatorView['generations'][0]['attempts'][0]): Moment {
  const { side, at, class: answerClass, code, latency_ms, billed } = attempt;
  const accepted = answerClass === 'accepted';
  const latency = latency_ms === null ? '' : ` after ${Math.round(latency_ms)} ms`;
  const what = `generation ${generation}, ${side}: call ${answerClass}${code ? ` (${code})` : ''}${latency}, billed: ${billed}`;
  return { atMs: Date.parse(at), tone: accepted ? 'good' : 'bad', what };
}

function deliveryMoment(generation: number, endpoint: string, line: OperatorView['deliveries'][0]['tries'][0]): Moment {
  const { number, atMs, class: answerClass, status, latencyMs, nextAtMs } = line;
  const which = `generation ${generation} → ${endpoint}`;
  if (answerClass === 'resent') return { atMs, tone: 'warn', what: `${which}: resend requested` };
  const delivered = answerClass === 'delivered';
  const answer = status === null ? answerClass : `${answerClass}, status ${status}`;
  const next = nextAtMs !== null && !delivered ? `; next in ${span(nextAtMs - atMs)}` : '';
  const what = `${which}: attempt ${number} ${answer} after ${Math.round(latencyMs)} ms${next}`;
  return { atMs, tone: delivered ? 'good' : 'bad', what };
}

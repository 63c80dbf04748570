/** One signed `endpoint.test`, sent from here and at once. It is kept and listed like a delivery, but not tried again by itself. */
import { newId } from '@cardseal/core/job';
import { type EndpointRecord, type NoticeId, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import { MAX_LIVE_SECRETS, type SendResult, sendWebhook, sign } from '@cardseal/webhook';
import type { ApiContext } from '../../context.ts';

export interface TestResult {
  event_id: string;
  delivered: boolean;
  class: SendResult['class'];
  status: number | null;
  latency_ms: number;
}

const DEADLINE_MS = 15_000;

export async function sendTest(
  { clock, guard, ledger, log }: ApiContext,
  tenant: string,
  { id, value }: Versioned<EndpointRecord>,
): Promise<TestResult> {
  const nowMs = clock.now();
  const eventId = newId('msg', nowMs);
  const notice = newId('evt', nowMs) as NoticeId;
  const timestamp = new Date(nowMs).toISOString();
  const body = Buffer.from(JSON.stringify({ type: 'endpoint.test', timestamp, data: { endpoint_id: id } }));
  await ledger.deliveries.notices.create(tenant, notice, {
    v: 1,
    eventId,
    type: 'endpoint.test',
    atMs: nowMs,
    body: body.toString(),
  });
  const secrets = value.secrets
    .filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
    .slice(0, MAX_LIVE_SECRETS)
    .map(({ secret }) => secret);
  const signature = sign({ id: eventId, timestampS: Math.floor(nowMs / 1000), body, secrets });
  const headers = { ...value.headers, 'content-type': 'application/json', ...signature };
  const { url } = value;
  const targets = (await ledger.tenants.records.get(SYSTEM_TENANT, tenant))?.value.webhookTargets;
  const answer = await sendWebhook({ guard, url, targets, headers, body, deadlineMs: DEADLINE_MS });
  const delivered = answer.class === 'delivered';
  const status = answer.status ?? null;
  const latencyMs = Math.round(answer.latencyMs);
  await ledger.deliveries.records.record(
    { ref: { tenant, job: notice, generation: 1, endpoint: id }, tries: 0, entries: 0, last: null },
    {
      atMs: nowMs,
      class: answer.class,
      status,
      latencyMs,
      nextAtMs: null,
      attempt: 1,
      ...(answer.brokenBody && { brokenBody: answer.brokenBody }),
    },
    delivered ? undefined : answer.answer,
  );
  log.info('endpoint.tested', { tenant, endpoint_id: id, class: answer.class, ...(status === null ? {} : { status }) });
  return { event_id: eventId, delivered, class: answer.class, status, latency_ms: latencyMs };
}

/** All fields that a log line may have: ids, codes and numbers. Code that logs another field does not compile. */
export interface LogFields {
  request_id?: string | undefined;
  tenant?: string | undefined;
  job_id?: string | undefined;
  generation?: number | undefined;
  side?: string | undefined;
  endpoint_id?: string | undefined;
  api_key_id?: string | undefined;
  credential_id?: string | undefined;
  admin?: string | undefined;
  step?: string | undefined;
  state?: string | undefined;
  code?: string | undefined;
  class?: string | undefined;
  reason?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
  at?: string | undefined;
  status?: number | undefined;
  method?: string | undefined;
  route?: string | undefined;
  attempt?: number | undefined;
  count?: number | undefined;
  host?: string | undefined;
  port?: number | undefined;
  pid?: number | undefined;
  latency_ms?: number | undefined;
  delay_ms?: number | undefined;
  duration_ms?: number | undefined;
  size_bytes?: number | undefined;
}

export type LogField = keyof LogFields;

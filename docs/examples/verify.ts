import { createHmac, timingSafeEqual } from 'node:crypto';

/** True if `body`, the raw bytes as received, was signed with `secret` (`whsec_…`) within the last five minutes. */
export function verify(
  secret: string,
  headers: Record<string, string | undefined>,
  body: Buffer,
  nowS = Date.now() / 1000,
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (!id || !timestamp || !signatures || key.length === 0) return false;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Math.floor(nowS) - Number(timestamp)) > 300) return false;
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  const expected = Buffer.from(`v1,${mac}`);
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

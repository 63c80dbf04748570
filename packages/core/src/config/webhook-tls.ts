/** Reads the PEM files of webhook connections and checks them at start, so that no delivery finds them broken. */
import { createSecureContext } from 'node:tls';
import type { TargetTls } from '@cardseal/webhook';
import { ConfigurationError } from './environment.ts';
import { readFileOf, readSecretFile } from './secret-file.ts';

/** Named as in the environment. */
export interface WebhookTlsEnvironment {
  WEBHOOK_CA_FILE?: string | undefined;
  WEBHOOK_CLIENT_CERT_FILE?: string | undefined;
  WEBHOOK_CLIENT_KEY_FILE?: string | undefined;
}

/** @throws ConfigurationError with the first problem of each file. */
export function readWebhookTls(env: WebhookTlsEnvironment): TargetTls {
  const { WEBHOOK_CA_FILE: caFile, WEBHOOK_CLIENT_CERT_FILE: certFile, WEBHOOK_CLIENT_KEY_FILE: keyFile } = env;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ConfigurationError(['WEBHOOK_CLIENT_CERT_FILE, WEBHOOK_CLIENT_KEY_FILE: set both or neither']);
  }
  const ca = caFile === undefined ? undefined : readFileOf('WEBHOOK_CA_FILE', caFile);
  if (ca) usable({ ca }, `WEBHOOK_CA_FILE: the file ${caFile} holds no PEM certificate that can be used`);
  if (certFile === undefined || keyFile === undefined) return { ca };
  const cert = readFileOf('WEBHOOK_CLIENT_CERT_FILE', certFile);
  const key = readSecretFile('WEBHOOK_CLIENT_KEY_FILE', keyFile);
  usable({ cert }, `WEBHOOK_CLIENT_CERT_FILE: the file ${certFile} holds no PEM certificate that can be used`);
  usable({ key }, `WEBHOOK_CLIENT_KEY_FILE: the file ${keyFile} holds no PEM key without a passphrase`);
  usable(
    { cert, key },
    `WEBHOOK_CLIENT_KEY_FILE: the key in ${keyFile} does not belong to the certificate ${certFile}`,
  );
  return { ca, cert, key };
}

function usable(pem: TargetTls, problem: string): void {
  // OpenSSL takes an authority file without any certificate as an empty list.
  const complete = pem.ca === undefined || pem.ca.includes('-----BEGIN CERTIFICATE-----');
  try {
    if (complete) return void createSecureContext(pem as Parameters<typeof createSecureContext>[0]);
  } catch {}
  throw new ConfigurationError([problem]);
}

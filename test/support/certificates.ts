/** A certificate for the loopback, signed by a new authority that no machine trusts. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Paths of PEM files. */
export interface Certificates {
  authority: string;
  certificate: string;
  key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Uses the system's openssl. */
export function makeCertificates(folder: string): Certificates {
  const at = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const ca = ['-keyout', at('ca.key'), '-out', at('ca.crt'), '-days', '1', '-subj', '/CN=an authority of one test'];
  openssl('req', '-x509', ...NEW_KEY, ...ca);
  openssl('req', ...NEW_KEY, '-keyout', at('tls.key'), '-out', at('tls.csr'), '-subj', '/CN=redis');
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const signer = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    at('tls.csr'),
    ...signer,
    '-out',
    at('tls.crt'),
    '-days',
    '1',
    '-extfile',
    at('names'),
  );
  return { authority: at('ca.crt'), certificate: at('tls.crt'), key: at('tls.key') };
}

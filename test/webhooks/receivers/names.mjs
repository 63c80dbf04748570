/**
 * Preloaded into processes of a test stack: resolves one host name to changing addresses. `NAME_ANSWERS` is JSON with
 * the name and its addresses; each lookup returns the next one. It covers every lookup function of Node. For tests
 * only.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const { name, addresses } = JSON.parse(process.env.NAME_ANSWERS ?? '{}');
let asked = 0;
const next = () => ({ address: addresses[asked++ % addresses.length], family: 4 });

if (name !== undefined) {
  const { lookup } = dns;
  const { lookup: lookupPromised } = dns.promises;
  dns.promises.lookup = async (host, options) => {
    if (host !== name) return lookupPromised(host, options);
    return options?.all ? [next()] : next();
  };
  dns.lookup = (host, ...rest) => {
    if (host !== name) return lookup(host, ...rest);
    const [options, callback] = rest.length === 1 ? [{}, rest[0]] : rest;
    const answer = next();
    process.nextTick(() => (options.all ? callback(null, [answer]) : callback(null, answer.address, answer.family)));
  };
  syncBuiltinESMExports();
}

/**
 * Fuzzes every route of the API with requests made from its OpenAPI document (`npm run soak -- api`). It fails on a
 * 5xx, a hang or an undocumented response.
 * --requests 50000: number of requests.
 * --seed N: seed of the requests.
 */
import { parseArgs } from 'node:util';
import { printHelp } from '../support/program-help.ts';
import { fuzzApi } from './fuzz-api/run.ts';

printHelp(import.meta.url);

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
});
const report = await fuzzApi(Number(values.requests), Number(values.seed));
console.log(
  `seed ${values.seed}: ${report.sent} requests in ${report.seconds.toFixed(1)} s, slowest ${report.slowestMs.toFixed(0)} ms`,
);
for (const [status, count] of Object.entries(report.byStatus)) console.log(`  ${status}  ${count}`);
for (const { request, found } of report.violations.slice(0, 20)) console.log(`  ${found}\n    ${request}`);
console.log(
  JSON.stringify({ soak: 'api', seed: Number(values.seed), ...report, violations: report.violations.length }),
);
process.exitCode = report.violations.length === 0 ? 0 : 1;

/** Fuzzes every route of the API from its own document: no 5xx, no hang, only described answers. */
import { parseArgs } from 'node:util';
import { fuzzApi } from './fuzz-api/run.ts';

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

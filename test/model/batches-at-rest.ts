/** Invariants of batches when no work is left, whatever was killed before. Returns the violations. */
import { type BatchId, isBatchId, lineJobId } from '@cardseal/core/ledger';
import { type BatchWorld, TENANT } from './batch-world.ts';

export async function faultsOfBatches(world: BatchWorld, lines: number): Promise<string[]> {
  const faults = world.defects.map((code) => `a defect: ${code}`);
  const names = [...world.shared.objects.keys()];
  const under = (prefix: string) => names.filter((name) => name.startsWith(prefix));
  const folders = new Set(under(`batches/${TENANT}/`).map((name) => name.split('/')[2]!));
  const made = [...folders].filter((id) => isBatchId(id));
  const heads = await Promise.all(
    made.map(async (id) => ({ id, head: await world.ledger.intake.batches.head(TENANT, id) })),
  );
  const committed = heads.filter(({ head }) => head !== null).map(({ id }) => id);

  if (under('open-batches/').length > 0) faults.push(`open: ${under('open-batches/')}`);
  const kept = names.filter((name) => name.includes('/lines.'));
  if (kept.length > 0) faults.push(`lines are left: ${kept}`);
  const keys = under(`keys/${TENANT}/batch_`);
  if (keys.length > 0) faults.push(`keys of lines are left: ${keys}`);
  if (committed.length > 1) faults.push(`${committed.length} batches of one request`);
  for (const id of world.acknowledged) if (!committed.includes(id)) faults.push('answered 202, but there is no batch');
  const jobs = under(`jobs/${TENANT}/`).filter((name) => name.endsWith('/request'));
  if (jobs.length !== committed.length * lines) faults.push(`${jobs.length} jobs of ${committed.length * lines} lines`);
  for (const id of committed) faults.push(...(await faultsOfLines(world, id, lines)));
  return faults;
}

async function faultsOfLines(world: BatchWorld, id: BatchId, lines: number): Promise<string[]> {
  const faults: string[] = [];
  for (let line = 1; line <= lines; line++) {
    const request = await (await world.ledger.jobs.open(TENANT, lineJobId(id, line)))?.request();
    if (request?.reference !== `line ${line}`) faults.push(`line ${line} has ${request ? 'another' : 'no'} job`);
  }
  const { end } = await world.ledger.intake.batches.status(TENANT, id);
  if (end?.state !== 'completed' || end.counts.succeeded !== lines) faults.push(`it ended as ${JSON.stringify(end)}`);
  return faults;
}

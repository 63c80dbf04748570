/** Checks that the webhook endpoints of a job exist: with a typing error its outcome would reach no endpoint. */
import type { ApiContext } from '../../context.ts';
import { Problem } from '../../http/problems/index.ts';

/** Throws Problem `invalid_request` that names each unknown id. */
export async function checkEndpoints(
  { ledger }: Pick<ApiContext, 'ledger'>,
  tenant: string,
  ids: readonly string[] | null,
): Promise<void> {
  if (ids === null || ids.length === 0) return;
  const known = new Set(
    (await ledger.tenants.endpoints.list(tenant)).filter(({ value }) => value.state !== 'deleted').map(({ id }) => id),
  );
  const errors = ids.flatMap((id, at) =>
    known.has(id)
      ? []
      : [{ pointer: `/endpoint_ids/${at}`, code: 'unknown_endpoint', detail: 'There is no such endpoint.' }],
  );
  if (errors.length > 0) throw new Problem('invalid_request', undefined, { errors });
}

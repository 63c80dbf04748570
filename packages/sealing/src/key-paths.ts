/** Names of the wrapped keys in the store of keys. The ledger's list of names includes them. */
export const keyPaths = {
  allKeys: 'keys/',
  keysOf: (tenant: string) => `keys/${tenant}/`,
  tenantKey: (tenant: string, version = 1) => `keys/${tenant}/.tenant${version === 1 ? '' : `.${version}`}`,
  /** The version in the name of a tenant key; null for other names. */
  tenantKeyVersion(name: string): number | null {
    const found = /\/\.tenant(?:\.(\d+))?$/.exec(name);
    return found && Number(found[1] ?? 1);
  },
  jobKey: (tenant: string, job: string) => `keys/${tenant}/${job}`,
};

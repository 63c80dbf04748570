// The configuration of a temporary Ceph on the loopback: one monitor, one store in memory, one gateway.
// All its files are in one folder. cephx stays on, because the gateway of this version hangs without authentication.

export type CephPlace = {
  folder: string;
  clusterId: string;
  monitorPort: number;
  gatewayPort: number;
  memoryBytes: number;
};

export function cephConfig({ folder, clusterId, monitorPort, gatewayPort, memoryBytes }: CephPlace): string {
  return section('global', {
    fsid: clusterId,
    run_dir: `${folder}/run`,
    admin_socket: `${folder}/run/$name.asok`,
    log_file: `${folder}/log/$name.log`,
    mon_cluster_log_file: `${folder}/log/cluster.log`,
    crash_dir: `${folder}/log`,
    keyring: `${folder}/keyring`,
    mon_host: `v2:127.0.0.1:${monitorPort}/0`,
    public_network: '127.0.0.0/8',
    cluster_network: '127.0.0.0/8',
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    ms_bind_ipv6: false,
    ms_bind_msgr1: false,
    auth_cluster_required: 'cephx',
    auth_service_required: 'cephx',
    auth_client_required: 'cephx',
    auth_allow_insecure_global_id_reclaim: false,
    // One copy on one store and few placement groups, because the data is temporary.
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    osd_pool_default_pg_num: 8,
    osd_pool_default_pgp_num: 8,
    osd_pool_default_pg_autoscale_mode: 'off',
    osd_crush_chooseleaf_type: 0,
    mon_allow_pool_size_one: true,
    mon_max_pg_per_osd: 1000,
    paxos_propose_interval: 0.05,
    mon_osd_initial_require_min_compat_client: 'jewel',
    mon_data_avail_warn: 1,
    mon_data_avail_crit: 0,
  }).concat(
    section('mon.a', { mon_data: `${folder}/mon`, mon_initial_members: 'a', mgr_initial_modules: '' }),
    section('mgr.x', { mgr_data: `${folder}/mgr` }),
    section('osd.0', {
      osd_data: `${folder}/osd`,
      osd_objectstore: 'memstore',
      memstore_device_bytes: memoryBytes,
      // The gateway makes longer object names of keys with 1,024 bytes.
      osd_max_object_name_len: 2048,
      osd_class_update_on_start: false,
    }),
    section('client.rgw', {
      rgw_data: `${folder}/rgw`,
      rgw_frontends: `beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1`,
      rgw_thread_pool_size: 64,
      rgw_relaxed_region_enforcement: true,
      rgw_enable_usage_log: false,
      rgw_override_bucket_index_max_shards: 1,
      rgw_dynamic_resharding: false,
    }),
  );
}

function section(name: string, settings: Record<string, string | number | boolean>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  return `[${name}]\n${lines.join('\n')}\n`;
}

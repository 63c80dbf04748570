/**
 * The Kubernetes manifests: each matches the schema of its kind, and together they satisfy the rules of this project.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { describe, expect, it } from 'vitest';
import { settingNames as admin, readConfig as readAdmin } from '../../../apps/admin/src/config.ts';
import { settingNames as api, readConfig as readApi } from '../../../apps/api/src/config.ts';
import { readConfig as readWorker, settingNames as worker } from '../../../apps/worker/src/config.ts';
import { parseDockerfile } from '../../../infra/image/dockerfile.ts';
import {
  deployments,
  extended,
  FOLDER,
  kustomization,
  type Manifest,
  manifests,
  ofKind,
  podOf as pod,
  ROOT,
} from './manifests.ts';

/** The operator's schemas are not on npm; this covers the fields in use. */
class PodMonitor {
  readonly manifest: Manifest;
  constructor(manifest: Manifest) {
    this.manifest = manifest;
  }
  validate(): void {
    const text = expect.any(String);
    const seconds = expect.stringMatching(/^\d+s$/);
    expect(this.manifest).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: { name: text, labels: expect.any(Object) },
      spec: {
        selector: { matchLabels: expect.any(Object) },
        podMetricsEndpoints: [{ port: text, path: '/metrics', interval: seconds, scrapeTimeout: seconds }],
      },
    });
  }
}

const MODELS = {
  ConfigMap,
  Deployment,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  PodMonitor,
  ScaledObject,
  Service,
  ServiceAccount,
} as const;

const READERS = { api: readApi, worker: readWorker, admin: readAdmin };

/** The contents of the secrets, in the form that the deployment page asks for. */
const SECRETS: Record<string, string> = { REDIS_URL: 'rediss://cardseal:password@redis:6379' };

const titled = (among: typeof manifests): [string, Manifest][] =>
  among.map(({ file, manifest }) => [`${file}: ${manifest.kind} ${manifest.metadata.name}`, manifest]);

function validate(manifest: Manifest): void {
  const Model = MODELS[manifest.kind as keyof typeof MODELS];
  expect(Model, `a schema for ${manifest.kind}`).toBeDefined();
  expect(() => new Model(manifest).validate()).not.toThrow();
}

describe('manifests', () => {
  it('are all listed in the kustomization', () => {
    const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
    expect(files.sort()).toEqual([...kustomization.resources].sort());
  });

  it.each(titled(manifests))('%s matches its schema', (_name, manifest) => validate(manifest));

  it.each(
    titled(extended.filter(({ manifest }, at) => JSON.stringify(manifest) !== JSON.stringify(manifests[at]!.manifest))),
  )('%s matches its schema with its optional lines enabled', (_name, manifest) => validate(manifest));

  it('fail these schemas when they are wrong', () => {
    const wrong = structuredClone(deployments[0]);
    wrong.spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem = 'yes';
    expect(() => new Deployment(wrong).validate()).toThrow();
  });

  it.each(deployments.map((one) => [one.metadata.name, one]))(
    '%s runs as an unprivileged user, with a read-only file system and no capabilities',
    (_name, one) => {
      const { securityContext, automountServiceAccountToken, containers, terminationGracePeriodSeconds } = pod(one);
      const [user, group] = parseDockerfile(readFileSync(path.join(ROOT, 'infra/image/Dockerfile'), 'utf8'))
        .at(-1)!
        .user!.split(':');
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: Number(user), runAsGroup: Number(group) });
      expect(automountServiceAccountToken).toBe(false);
      for (const container of containers) {
        expect(container.securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toBe(container.resources.requests.memory);
        expect(container.livenessProbe).toBeDefined();
      }
      expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(containers[0].args[0] === 'worker' ? 30 : 15);
    },
  );

  it.each(deployments.map((one) => [one.metadata.name, one]))(
    '%s selects its own pods and contains no secret',
    (_name, one) => {
      expect(one.spec.template.metadata.labels).toMatchObject(one.spec.selector.matchLabels);
      const [container] = pod(one).containers;
      for (const { name, value } of container.env) {
        if (/URL|SECRET|PASSWORD|_KEY$/.test(name)) expect(value, name).toBeUndefined();
      }
    },
  );

  it('set no variable that no role reads', () => {
    const read = new Set([...admin, ...api, ...worker]);
    const set = [
      ...Object.keys(ofKind('ConfigMap')[0].data),
      ...deployments.flatMap((one) => pod(one).containers[0].env.map(({ name }: { name: string }) => name)),
    ];
    expect(set.filter((name) => !read.has(name))).toEqual([]);
  });

  it.each(deployments.map((one) => [one.metadata.name, one]))(
    '%s starts in production with these settings',
    (_n, one) => {
      const [{ env, args }] = pod(one).containers;
      const own = env.map(({ name, value }: { name: string; value?: string }) => [name, value ?? SECRETS[name] ?? 'x']);
      const settings = { ...ofKind('ConfigMap')[0].data, ...Object.fromEntries(own) };
      expect(settings.CARDSEAL_ENV).toBe('production');
      expect(() => READERS[args[0] as keyof typeof READERS](settings)).not.toThrow();
      expect(() => READERS.api({ ...settings, REDIS_URL: 'redis://redis:6379' })).toThrow(/REDIS_URL/);
    },
  );

  it('give the provider keys only to the roles that call it', () => {
    const holders = ofKind('Deployment', extended).filter((one) =>
      (pod(one).volumes ?? []).some((volume: Manifest) => volume.secret?.secretName === 'cardseal-baidu'),
    );
    expect(holders.map((one) => one.metadata.name)).toEqual(['worker']);
  });

  it('name existing objects in budgets, policies and scaling', () => {
    const roles = deployments.map((one) => one.metadata.name).sort();
    expect(roles).toEqual(['admin', 'api', 'deliverer', 'worker']);
    for (const { spec } of ofKind('PodDisruptionBudget')) {
      expect(roles).toContain(spec.selector.matchLabels['app.kubernetes.io/component']);
    }
    for (const { spec } of ofKind('ScaledObject')) {
      expect(roles).toContain(spec.scaleTargetRef.name);
      const scaled = deployments.find((one) => one.metadata.name === spec.scaleTargetRef.name);
      expect(scaled.spec.replicas, 'two that set one number').toBeUndefined();
    }
    const closed = ofKind('NetworkPolicy').find(({ spec }) => Object.keys(spec.podSelector).length === 0);
    expect(closed.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  it.each(ofKind('Deployment', extended).map((one) => [one.metadata.name, one]))(
    '%s has an optional certificate authority in a mounted file',
    (_name, one) => {
      const [{ env, volumeMounts }] = pod(one).containers;
      const { value } = env.find(({ name }: { name: string }) => name === 'NODE_EXTRA_CA_CERTS');
      const mount = volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === path.dirname(value));
      const volume = pod(one).volumes.find(({ name }: { name: string }) => name === mount.name);
      expect(volume.configMap).toEqual({ name: 'cardseal-authority' });
    },
  );

  it('treat an empty query result as a failure where a number is always expected', () => {
    const [backlog] = ofKind('ScaledObject')[0].spec.triggers;
    // By default the prometheus trigger reads an empty result as 0, and the fallback would never apply.
    expect(backlog.metadata).toMatchObject({ ignoreNullValues: 'false' });
    expect(backlog.metadata.query).toContain('cardseal_queue_jobs');
  });

  it('scale by existing metrics', () => {
    const catalogue = readFileSync(path.join(ROOT, 'packages/core/src/metrics/catalogue.ts'), 'utf8');
    const queries = ofKind('ScaledObject').flatMap(({ spec }) =>
      spec.triggers.map(({ metadata }: { metadata: { query: string } }) => metadata.query),
    );
    const names = queries.flatMap((query) => query.match(/cardseal_[a-z_]+/g) ?? []);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(catalogue).toContain(`${name}:`);
  });
});

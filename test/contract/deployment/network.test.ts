/**
 * The network policies of the namespace. Everything is closed by default, so each connection needs a rule at both ends.
 */
import { describe, expect, it } from 'vitest';
import { deployments, extended, labelsOf, type Manifest, ofKind } from './manifests.ts';

type Labels = Record<string, string>;
type Way = 'ingress' | 'egress';

const REDIS: Labels = { 'app.kubernetes.io/name': 'redis' };
const pods: { name: string; labels: Labels }[] = [
  ...deployments.map((one) => ({ name: one.metadata.name as string, labels: labelsOf(one) })),
  { name: 'redis', labels: REDIS },
];

function selects(selector: { matchLabels?: Labels } | undefined, labels: Labels): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}

/** A pod in the same namespace. A peer with a namespace or an address is outside. */
const isBeside = (peer: Manifest) => peer.podSelector !== undefined && peer.namespaceSelector === undefined;

/** The connections that one end allows, as `source → target: port`. */
function waysOf(way: Way, policies = ofKind('NetworkPolicy')): string[] {
  const [policyType, far] = way === 'egress' ? (['Egress', 'to'] as const) : (['Ingress', 'from'] as const);
  return policies
    .filter(({ spec }) => spec.policyTypes.includes(policyType))
    .flatMap(({ spec }) =>
      (spec[way] ?? []).flatMap((rule: Manifest) =>
        rule[far].filter(isBeside).flatMap((peer: Manifest) =>
          pods
            .filter(({ labels }) => selects(spec.podSelector, labels))
            .flatMap((here) =>
              pods
                .filter(({ labels }) => selects(peer.podSelector, labels))
                .map((there) => (way === 'egress' ? [here, there] : [there, here])),
            )
            .flatMap(([source, target]) =>
              rule.ports.map(({ port }: { port: number }) => `${source!.name} → ${target!.name}: ${port}`),
            ),
        ),
      ),
    )
    .sort();
}

describe('the network of the namespace', () => {
  it('has an ingress rule for each egress rule between its pods, and the reverse', () => {
    expect(waysOf('ingress')).toEqual(waysOf('egress'));
  });

  it('lets every role reach Redis, and allows no other way', () => {
    expect(waysOf('egress')).toEqual(deployments.map((one) => `${one.metadata.name} → redis: 6379`).sort());
  });

  it('opens only ports that a container has to outside callers', () => {
    for (const { spec } of ofKind('NetworkPolicy')) {
      for (const { from, ports } of spec.ingress ?? []) {
        if (from.some(isBeside)) continue;
        const reached = deployments.filter((one) => selects(spec.podSelector, labelsOf(one)));
        expect(reached.length).toBeGreaterThan(0);
        for (const one of reached) {
          const open = one.spec.template.spec.containers[0].ports.map((port: Manifest) => port.containerPort);
          for (const { port } of ports) expect(open, one.metadata.name).toContain(port);
        }
      }
    }
  });

  it('offers optional rules for an outside Redis and private S3 and KMS addresses, and they open nothing else', () => {
    const egressOf = (among?: typeof extended) =>
      ofKind('NetworkPolicy', among).find(({ metadata }) => metadata.name === 'what-all-need').spec.egress;
    const isOffered = (rule: Manifest) =>
      !egressOf().some((one: Manifest) => JSON.stringify(one) === JSON.stringify(rule));
    const offered: Manifest[] = egressOf(extended).filter(isOffered);
    expect(offered.map(({ to, ports }) => [Object.keys(to[0]), ports.map(({ port }: Manifest) => port)])).toEqual([
      [['namespaceSelector', 'podSelector'], [6379]],
      [['ipBlock'], [6379]],
      [['ipBlock'], [443]],
    ]);
    expect(waysOf('ingress', ofKind('NetworkPolicy', extended))).toEqual(waysOf('ingress'));
    expect(waysOf('egress', ofKind('NetworkPolicy', extended))).toEqual(waysOf('egress'));
  });
});

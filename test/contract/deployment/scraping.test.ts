/** Prometheus finds every role, with the operator and without it, by the same labels, port and rules. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { MONITORING, PROMTOOL_TIMEOUT_MS, promtool } from '../../support/promtool.ts';
import { deployments, labelsOf, type Manifest, ofKind, podOf } from './manifests.ts';

const plain = parse(readFileSync(path.join(MONITORING, 'prometheus.yml'), 'utf8'));
const [monitor] = ofKind('PodMonitor');
const [endpoint] = monitor.spec.podMetricsEndpoints;
const [scrape] = plain.scrape_configs;
const settings = ofKind('ConfigMap')[0].data;

/** The labels of a target before relabelling, as Prometheus names them. */
function discovered(labels: Record<string, string>, port: string): Record<string, string> {
  const ofPod = Object.entries(labels).map(([name, value]) => [
    `__meta_kubernetes_pod_label_${name.replaceAll(/[./-]/g, '_')}`,
    value,
  ]);
  return { ...Object.fromEntries(ofPod), __meta_kubernetes_pod_container_port_name: port };
}

function isKept(target: Record<string, string>): boolean {
  return scrape.relabel_configs
    .filter(({ action }: Manifest) => action === 'keep')
    .every(({ source_labels, regex }: Manifest) =>
      new RegExp(`^(?:${regex})$`).test(source_labels.map((name: string) => target[name] ?? '').join(';')),
    );
}

describe('scraping', () => {
  it.each(deployments.map((one) => [one.metadata.name, one]))('finds the listener of %s', (_name, one) => {
    const ports: { name: string; containerPort: number }[] = podOf(one).containers[0].ports;
    const metrics = ports.find(({ name }) => name === endpoint.port);
    expect(String(metrics?.containerPort)).toBe(settings.METRICS_PORT);
    expect(labelsOf(one)).toMatchObject(monitor.spec.selector.matchLabels);
    const kept = ports.filter(({ name }) => isKept(discovered(labelsOf(one), name)));
    expect(kept).toEqual([metrics]);
  });

  it('covers the namespace of the manifests, at the interval that the rules need', () => {
    const [namespace] = ofKind('Namespace');
    expect(scrape.kubernetes_sd_configs[0].namespaces.names).toEqual([namespace.metadata.name]);
    const { groups } = parse(readFileSync(path.join(MONITORING, 'rules.yml'), 'utf8'));
    expect([endpoint.interval, plain.global.scrape_interval]).toEqual([groups[0].interval, groups[0].interval]);
  });

  it('comes from a namespace that the network policies admit', () => {
    const all = ofKind('NetworkPolicy').find(({ metadata }) => metadata.name === 'what-all-need');
    const [rule] = all.spec.ingress;
    expect(rule.from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'monitoring' });
    expect(String(rule.ports[0].port)).toBe(settings.METRICS_PORT);
  });

  it('reads the existing rules', () => {
    for (const file of plain.rule_files) expect(existsSync(path.join(MONITORING, file)), file).toBe(true);
  });

  it('is a configuration that Prometheus accepts', { timeout: PROMTOOL_TIMEOUT_MS }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-scraping-'));
    // Debian's build has no Kubernetes support: the tests above cover service discovery, and the tool checks the rest.
    const { kubernetes_sd_configs: _, ...rest } = scrape;
    const checked = { ...plain, scrape_configs: [{ ...rest, static_configs: [{ targets: ['pod:9464'] }] }] };
    try {
      copyFileSync(path.join(MONITORING, 'rules.yml'), path.join(folder, 'rules.yml'));
      writeFileSync(path.join(folder, 'prometheus.yml'), stringify(checked));
      const { status, output } = await promtool('check', 'config', path.join(folder, 'prometheus.yml'));
      expect(status, output).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

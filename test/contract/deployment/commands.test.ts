/** Commands on the pages for a cluster name only what the manifests and the image contain. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../infra/image/dockerfile.ts';
import { PAGES } from '../../support/pages/blocks.ts';
import { deployments, ofKind, podOf, ROOT } from './manifests.ts';

const image = parseDockerfile(readFileSync(path.join(ROOT, 'infra/image/Dockerfile'), 'utf8')).at(-1)!;
const namespace = ofKind('Namespace')[0].metadata.name;
const commands = PAGES.flatMap((page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(/\bkubectl [^`\n]*/g)].map(([command]) => ({ page, command }));
});

describe('commands for a cluster', () => {
  it('name the namespace', () => {
    expect(commands.length).toBeGreaterThan(3);
    // The kustomization itself contains the namespace.
    const inNamespace = new RegExp(`^kubectl (-n ${namespace} |apply -k infra/kubernetes\\b)`);
    for (const { page, command } of commands) expect(command, page).toMatch(inNamespace);
  });

  it('name existing deployments and their ports', () => {
    for (const { page, command } of commands) {
      const [, name] = / deploy\/(\w+)/.exec(command) ?? [];
      if (name === undefined) continue;
      const deployment = deployments.find((one) => one.metadata.name === name);
      expect(deployment, `${page}: ${command}`).toBeDefined();
      const [, port] = /port-forward \S+ (\d+)/.exec(command) ?? [];
      const ports = podOf(deployment).containers[0].ports.map((one: { containerPort: number }) => one.containerPort);
      if (port !== undefined) expect(ports, command).toContain(Number(port));
    }
  });

  it('pass stdin on and run the entry point of the image', () => {
    const executed = commands.filter(({ command }) => / exec /.test(command));
    expect(executed.length).toBeGreaterThan(1);
    for (const { page, command } of executed) {
      expect(command, page).toContain(' exec -i ');
      if (/ -- .* cardseal /.test(command))
        expect(command, page).toContain(` -- ${image.entrypoint.join(' ')} cardseal `);
    }
  });
});

/** Loads the Kubernetes manifests that the kustomization lists. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const ROOT = path.resolve(import.meta.dirname, '../../..');
export const FOLDER = path.join(ROOT, 'infra/kubernetes');

// biome-ignore lint/suspicious/noExplicitAny: what a manifest holds is asserted, not assumed
export type Manifest = any;

export const kustomization = parse(readFileSync(path.join(FOLDER, 'kustomization.yaml'), 'utf8'));

function read(file: string, change: (text: string) => string): { file: string; manifest: Manifest }[] {
  return parseAllDocuments(change(readFileSync(path.join(FOLDER, file), 'utf8'))).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors}`);
    return { file, manifest: document.toJS() };
  });
}

export const manifests = kustomization.resources.flatMap((file: string) => read(file, (text) => text)) as ReturnType<
  typeof read
>;

/**
 * Enables every optional line. A commented-out line has no space after `#`, or the spaces of its position; prose has
 * one.
 */
export const extended = kustomization.resources.flatMap((file: string) =>
  read(file, (text) => text.replaceAll(/^( *)#(?! \S)/gm, '$1')),
) as ReturnType<typeof read>;

export const ofKind = (kind: string, among = manifests) =>
  among.map(({ manifest }) => manifest).filter((one) => one.kind === kind);
export const deployments = ofKind('Deployment');
export const podOf = (deployment: Manifest) => deployment.spec.template.spec;
export const labelsOf = (deployment: Manifest): Record<string, string> => deployment.spec.template.metadata.labels;

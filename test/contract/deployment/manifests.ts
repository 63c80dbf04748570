/** The Kubernetes manifests as the kustomization names them. */
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

/** With every line taken in that is offered: its `#` is followed by no space, or by those of its place. Words have one. */
export const extended = kustomization.resources.flatMap((file: string) =>
  read(file, (text) => text.replaceAll(/^( *)#(?! \S)/gm, '$1')),
) as ReturnType<typeof read>;

export const ofKind = (kind: string, among = manifests) =>
  among.map(({ manifest }) => manifest).filter((one) => one.kind === kind);
export const deployments = ofKind('Deployment');
export const podOf = (deployment: Manifest) => deployment.spec.template.spec;
export const labelsOf = (deployment: Manifest): Record<string, string> => deployment.spec.template.metadata.labels;

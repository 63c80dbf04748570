// Replays the Dockerfile's steps in a folder, without a container engine. Each stage is a separate folder, and RUN starts a shell in
// it with this machine's Node. It shows that the steps work and what the image contains. It provides no isolation.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDockerfile, type Stage, type Step } from './dockerfile.ts';

export type Replayed = { root: string; stage: Stage };

/** Returns the last stage's folder. `repository` is the build context; `folder` is empty. */
export function replayDockerfile(repository: string, folder: string, log: (line: string) => void = () => {}): Replayed {
  const stages = parseDockerfile(readFileSync(path.join(repository, 'infra/image/Dockerfile'), 'utf8'));
  const roots = new Map<string, string>();
  stages.forEach((stage, at) => {
    const root = path.join(folder, String(at));
    mkdirSync(root, { recursive: true });
    if (stage.name) roots.set(stage.name, root);
    let directory = '/';
    for (const step of stage.steps) {
      log(`${stage.name ?? 'image'}: ${JSON.stringify(step)}`);
      if (step.kind === 'workdir') {
        directory = step.path;
        mkdirSync(path.join(root, directory), { recursive: true });
      } else if (step.kind === 'run') execFileSync('sh', ['-ec', step.command], { cwd: path.join(root, directory) });
      else copy(step, { repository, roots, target: inside(root, directory, step.target) });
    }
  });
  return { root: path.join(folder, String(stages.length - 1)), stage: stages.at(-1)! };
}

type CopyPlaces = { repository: string; roots: ReadonlyMap<string, string>; target: string };

/** Keeps links as links, like COPY. */
function copy(step: Extract<Step, { kind: 'copy' }>, { repository, roots, target }: CopyPlaces): void {
  const base = step.from === undefined ? repository : roots.get(step.from)!;
  for (const source of step.sources) {
    const from = path.join(base, source);
    // The files of the base image are absent, so the replay uses the files of this machine instead.
    if (step.from !== undefined && !existsSync(from)) continue;
    const to = step.target.endsWith('/') ? path.join(target, path.basename(source)) : target;
    const filter = (name: string) => step.from !== undefined || !name.includes('/node_modules');
    cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter });
  }
}

function inside(root: string, directory: string, target: string): string {
  return path.join(root, path.resolve(directory, target));
}

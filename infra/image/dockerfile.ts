// Parses the part of the Dockerfile language that this repository uses, so that tests can replay its steps without a container
// engine. It refuses unknown instructions, because a skipped step would make the replay wrong.

export type Step =
  | { kind: 'copy'; from: string | undefined; sources: string[]; target: string }
  | { kind: 'run'; command: string }
  | { kind: 'workdir'; path: string };

export type Stage = {
  base: string;
  name: string | undefined;
  steps: Step[];
  env: Record<string, string>;
  user: string | undefined;
  entrypoint: string[];
  command: string[];
};

const noted = new Set(['EXPOSE', 'HEALTHCHECK']);

/** @throws Error that names the first unknown instruction. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.indexOf(' ');
    const [name, rest] = [line.slice(0, space), line.slice(space + 1).trim()];
    if (name === 'FROM') stages.push(newStage(rest));
    else if (!noted.has(name)) apply(stages.at(-1)!, name, rest);
  }
  return stages;
}

function newStage(text: string): Stage {
  const [base = '', as, name] = text.split(/\s+/);
  return {
    base,
    name: as === 'AS' ? name : undefined,
    steps: [],
    env: {},
    user: undefined,
    entrypoint: [],
    command: [],
  };
}

function apply(stage: Stage, name: string, rest: string): void {
  switch (name) {
    case 'COPY':
      stage.steps.push(copyOf(rest));
      return;
    case 'RUN':
      stage.steps.push({ kind: 'run', command: rest });
      return;
    case 'WORKDIR':
      stage.steps.push({ kind: 'workdir', path: rest });
      return;
    case 'ENV': {
      const [key = '', value = ''] = rest.split('=');
      stage.env[key] = value;
      return;
    }
    case 'USER':
      stage.user = rest;
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[];
      return;
    case 'CMD':
      stage.command = JSON.parse(rest) as string[];
      return;
    default:
      throw new Error(`the Dockerfile's ${name} is not known`);
  }
}

function copyOf(rest: string): Step {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  if (words[0]?.startsWith('--')) throw new Error(`COPY ${words[0]} is not known`);
  return { kind: 'copy', from, sources: words.slice(0, -1), target: words.at(-1)! };
}

/** Commands in the docs that no test runs as they are, each with the reason and the test that covers it instead. */
export interface NotRun {
  page: string;
  /** The beginning of the line. */
  command: string;
  because: string;
  /** The test or interop program that covers it. */
  instead: string;
}

export const NOT_RUN: readonly NotRun[] = [
  {
    page: 'README.md',
    command: 'docker compose -f infra/compose/compose.yaml up',
    because: 'it needs a container engine and images from elsewhere',
    instead: 'test/integration/image/image.test.ts',
  },
  {
    page: 'README.md',
    command: 'docker compose -f infra/compose/compose.yaml run --rm api cardseal tenant ',
    because: 'it needs a container engine and images from elsewhere',
    instead: 'test/integration/image/image.test.ts',
  },
  {
    page: 'README.md',
    command: 'docker compose -f infra/compose/compose.yaml run --rm api cardseal key ',
    because: 'it needs a container engine and images from elsewhere',
    instead: 'test/integration/image/image.test.ts',
  },
  {
    page: 'README.md',
    command: 'kubectl apply ',
    because: 'it needs a cluster',
    instead: 'test/contract/deployment/manifests.test.ts',
  },
  {
    page: 'docs/operate/deployment.md',
    command: 'docker build ',
    because: 'it needs a container engine and base images from elsewhere',
    instead: 'test/integration/image/image.test.ts',
  },
  {
    page: 'docs/operate/deployment.md',
    command: 'kubectl -n cardseal exec ',
    because: 'it needs a cluster',
    instead: 'test/contract/deployment/commands.test.ts',
  },
  {
    page: 'docs/operate/deployment.md',
    command: 'printf %s "$NEW_PASSWORD" | kubectl ',
    because: 'it needs a cluster',
    instead: 'test/contract/deployment/commands.test.ts',
  },
  {
    page: 'docs/operate/key-wrapper.md',
    command: 'javac -cp vendor.jar ',
    because: "the provider's jar is not public",
    instead: 'test/interop/key-wrapper.ts',
  },
  {
    page: 'docs/understand/faults.md',
    command: 'npm run chaos ',
    because: 'it takes half an hour',
    instead: 'test/contract/docs/programs.test.ts',
  },
  {
    page: 'docs/understand/faults.md',
    command: 'npm run soak -- flushall ',
    because: 'ten thousand cards take longer than all tests together',
    instead: 'test/contract/docs/programs.test.ts',
  },
  {
    page: 'docs/operate/drill.md',
    command: 'npm run soak -- drill ',
    because: 'it takes four minutes and looks at the whole machine',
    instead: 'test/contract/docs/programs.test.ts',
  },
];

export function isRun(page: string, command: string): boolean {
  return !NOT_RUN.some((one) => one.page === page && command.startsWith(one.command));
}

/**
 * The architecture as tables: which part of the repository may import which. `check.ts` enforces them, and
 * `check.integration.test.ts` shows for every rule a wrong import that is refused. ARCHITECTURE.md explains the parts.
 */

/**
 * Imports run one way: test → infra → apps → packages. A workspace may import the listed workspaces, by name, if its
 * package.json declares them too. A workspace that is missing here may import nothing.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  test: ['infra/dev', 'apps/*', 'packages/*'],
  'docs/examples': ['packages/client'],

  // The launcher starts the apps as processes; it imports only what it needs to prepare them.
  'infra/dev': ['infra/lint', 'apps/emulator', 'packages/*'],
  // Checks the repository, so it imports no part of it.
  'infra/lint': [],
  'infra/image': [],

  'apps/api': ['packages/*'],
  'apps/worker': ['packages/*'],
  'apps/admin': ['packages/*'],
  // The command line shows every app's settings and draws the emulator's specimen cards.
  'apps/cli': ['apps/api', 'apps/worker', 'apps/admin', 'apps/emulator', 'packages/*'],
  // Simulates the provider: shared code would hide a mistake that both sides make.
  'apps/emulator': [],

  'packages/core': [
    'packages/base',
    'packages/idcard',
    'packages/object-store',
    'packages/sealing',
    'packages/webhook',
  ],
  // Each provider implements the port that core defines.
  'packages/providers': ['packages/core', 'packages/base', 'packages/idcard', 'packages/reader'],
  'packages/sealing': ['packages/base', 'packages/object-store'],
  'packages/object-store': ['packages/base'],
  'packages/webhook': ['packages/base'],
  'packages/pacer': ['packages/base'],
  'packages/idcard': ['packages/base'],
  'packages/reader': [],
  'packages/base': [],
  // Installed by consumers, so it carries nothing of the service.
  'packages/client': [],
};

/** The folders of a package in rows: a row may import lower rows and itself, without a cycle between folders. */
export const ROWS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'packages/core/src': [
    ['app'],
    ['use-cases', 'reports'],
    ['ocr-call'],
    ['queue'],
    ['access', 'preflight'],
    ['ledger'],
    ['provider'],
    ['job'],
    ['metrics', 'lifetime', 'log', 'trace', 'config', 'validation', 'failpoints', 'backoff'],
  ],
  'packages/base/src': [['egress', 'lua', 'clock', 'errors']],
  'packages/idcard/src': [['card', 'image']],
};

/** Files that only tests may import. */
export const TEST_CODE = /\.test\.m?ts$|\.fixture\.ts$|-for-tests\.ts$|\/(?:fixture|testing|conformance)\//;
/** Packages that only tests may import. */
export const TEST_PACKAGES: readonly string[] = ['vitest', 'fast-check'];

/** Folders outside every workspace whose imports no package.json of this repository declares, with the reason. */
export const UNDECLARED: Readonly<Record<string, string>> = {
  'docs/examples': 'shows the code of a consumer, who installs the packages',
};

/** A process starts in `main.ts`; importing it would start the process. */
export const PROGRAM = /\/main\.ts$/;

/** Relative imports that may leave their workspace, with the reason. */
export const CROSSINGS: readonly { readonly from: RegExp; readonly to: RegExp; readonly because: string }[] = [
  {
    from: /^test\//,
    to: /^(?:apps|infra|packages)\/|^docs\/examples\/|^vitest\.config\.ts$/,
    because: 'a test drives parts of a program that no package exports',
  },
  {
    from: /\.test\.ts$/,
    to: /^packages\/pacer\/src\/redis-for-tests\.ts$/,
    because: 'one helper starts Redis for every test that needs one',
  },
];

/** Quotes wrong imports as text. */
export const NOT_READ: readonly string[] = ['infra/lint/src/imports/check.integration.test.ts'];

/** Where the prose check does not read, with the reason. */

/** Inputs and records rather than prose of this project. */
export const WITHOUT_PROSE: readonly string[] = [
  'test/vectors', // published inputs of other programs
  'docs/zh-CN', // Chinese
  'README.zh-CN.md', // Chinese
  'infra/lint/src/prose', // quotes what it refuses
  'LICENSE',
];

/** Folders and files whose prose is not rewritten yet. This list only shrinks. */
export const NOT_YET_REWRITTEN: readonly string[] = [
  'apps',
  'infra',
  'packages',
  'test',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'README.md',
  'SECURITY.md',
  '.github',
  'vitest.config.ts',
];

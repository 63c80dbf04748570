/** Where the prose check does not read, with the reason. */

/** Inputs and records rather than prose of this project. */
export const WITHOUT_PROSE: readonly string[] = [
  'test/vectors', // published inputs of other programs
  'docs/zh-CN', // Chinese
  'README.zh-CN.md', // Chinese
  'infra/lint/src/prose', // quotes what it refuses
  'LICENSE',
];

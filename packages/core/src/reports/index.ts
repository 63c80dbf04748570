export { dayOf, stretchOf } from './day.ts';
export { type JobLine, type ManifestCounts, PROBLEMS, type Problem } from './judge.ts';
export { lastDay, type Manifest, makeManifest, readManifest } from './make-manifest.ts';

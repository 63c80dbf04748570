export { dayOf, stretchOf } from './day.ts';

export { lastDay, type Manifest, makeManifest, readManifest } from './make-manifest.ts';
